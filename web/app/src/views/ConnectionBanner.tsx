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
          {connection === 'waiting' && <Button onClick={() => app.wake()}>{texts.retryNow}</Button>}
        </div>
      )}
    </div>
  );
}
