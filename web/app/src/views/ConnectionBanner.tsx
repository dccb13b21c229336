import { useEffect, useState } from 'react';
import { Button } from '../components/Button';
import { useTexts } from '../i18n';
import { app } from '../state/page';
import { useApp } from '../state/store';

/** Says that there is no connection, while there is none. */
export function ConnectionBanner() {
  const { connection: texts } = useTexts();
  const connection = useApp((state) => state.connection);
  return (
    <div role="status">
      {connection !== 'online' && (
        <div className="banner">
          <span>{connection === 'waiting' ? texts.waiting : texts.connecting}</span>
          {connection === 'waiting' && <NextTry />}
          {connection === 'waiting' && <Button onClick={() => app.wake()}>{texts.retryNow}</Button>}
        </div>
      )}
    </div>
  );
}

/** Counts down to the next attempt. Hidden from screen readers, which would read out every second. */
function NextTry() {
  const { connection: texts } = useTexts();
  const reconnectAt = useApp((state) => state.reconnectAt);
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  if (reconnectAt === undefined) return null;
  return <span aria-hidden="true">{texts.nextTry(Math.max(1, Math.ceil((reconnectAt - now) / 1000)))}</span>;
}
