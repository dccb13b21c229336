import { Button } from '../components/Button';
import { useTexts } from '../i18n';
import { app } from '../state/page';

/** Shown while the user is signed in from another tab of this browser. */
export function OtherTab() {
  const texts = useTexts();
  return (
    <main className="sign-in">
      <div className="sign-in-card" role="alert">
        <img src="favicon.svg" alt="" width={48} height={48} />
        <h1>{texts.appName}</h1>
        <p className="sign-in-lead">{texts.otherTab.question}</p>
        <Button tone="primary" className="sign-in-submit" onClick={() => void app.useHere()}>
          {texts.otherTab.useHere}
        </Button>
        <Button onClick={() => app.signInAsAnother()}>{texts.otherTab.other}</Button>
      </div>
    </main>
  );
}
