import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Root } from './Root';
import { app } from './state/page';
import './styles/base.css';
import './styles/components.css';
import './styles/layout.css';
import './styles/conversation.css';

void app.restore();
window.addEventListener('online', () => app.wake());
window.addEventListener('offline', () => app.suspectOffline());
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible') app.wake();
});

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <Root />
  </StrictMode>,
);
