import { type FormEvent, useEffect, useId, useState } from 'react';
import { Button, IconButton } from '../components/Button';
import { Icon } from '../components/Icon';
import { describeError } from '../i18n/describe';
import { useTexts } from '../i18n';
import { app } from '../state/page';
import { singleSignOnLabel, singleSignOnUrl } from '../state/singleSignOn';
import { useApp } from '../state/store';
import { SettingsMenu } from './SettingsMenu';

const maxUserId = 2n ** 63n - 1n;

function parseUserId(text: string): bigint | undefined {
  if (!/^\d{1,19}$/.test(text)) return undefined;
  const id = BigInt(text);
  return id > 0n && id <= maxUserId ? id : undefined;
}

export function SignIn() {
  const texts = useTexts();
  const { signIn } = texts;
  const isBusy = useApp((state) => state.phase === 'signingIn');
  const failure = useApp((state) => state.signInError);
  const closeStatus = useApp((state) => state.closeStatus);
  const singleSignOnFailed = useApp((state) => state.singleSignOnFailed === true);
  const lastUserId = useApp((state) => state.lastUserId);
  const [userId, setUserId] = useState(lastUserId === undefined ? '' : `${lastUserId}`);
  const [isKnown] = useState(lastUserId !== undefined);
  const [password, setPassword] = useState('');
  const [isShown, setIsShown] = useState(false);
  const [isInvalid, setIsInvalid] = useState(false);
  const userIdField = useId();
  const passwordField = useId();
  const errorId = useId();
  const [otherWay, setOtherWay] = useState<string>();
  useEffect(() => {
    let isHere = true;
    void singleSignOnLabel().then((label) => {
      if (isHere) setOtherWay(label);
    });
    return () => {
      isHere = false;
    };
  }, []);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isBusy) return;
    const id = parseUserId(userId.trim());
    setIsInvalid(id === undefined);
    if (id !== undefined) void app.signIn(id, password);
  };

  const message = isInvalid
    ? signIn.userIdInvalid
    : failure !== undefined
      ? describeError(failure, texts)
      : closeStatus !== undefined
        ? (texts.errors.closed[closeStatus] ?? texts.errors.offline)
        : singleSignOnFailed
          ? signIn.singleSignOnFailed
          : undefined;

  return (
    <main className="sign-in">
      <div className="sign-in-settings">
        <SettingsMenu className="icon-button button-quiet" signedIn={false}>
          <Icon name="settings" />
        </SettingsMenu>
      </div>
      <form className="sign-in-card" onSubmit={submit} noValidate>
        <img src="/favicon.svg" alt="" width={48} height={48} />
        <h1>{texts.appName}</h1>
        <p className="sign-in-lead">{signIn.lead}</p>
        <label htmlFor={userIdField}>{signIn.userId}</label>
        <input
          id={userIdField}
          className="field"
          name="username"
          autoComplete="username"
          inputMode="numeric"
          autoFocus={!isKnown}
          maxLength={19}
          value={userId}
          aria-invalid={isInvalid}
          aria-describedby={message ? errorId : undefined}
          onChange={(event) => setUserId(event.target.value)}
        />
        <label htmlFor={passwordField}>{signIn.password}</label>
        <div className="field-with-button">
          <input
            id={passwordField}
            className="field"
            name="password"
            type={isShown ? 'text' : 'password'}
            autoFocus={isKnown}
            autoComplete="current-password"
            value={password}
            aria-describedby={message ? errorId : undefined}
            onChange={(event) => setPassword(event.target.value)}
          />
          <IconButton
            icon="eye"
            label={isShown ? signIn.hidePassword : signIn.showPassword}
            aria-pressed={isShown}
            onClick={() => setIsShown(!isShown)}
          />
        </div>
        <p id={errorId} className="form-error" role="alert">
          {message}
        </p>
        <Button type="submit" tone="primary" disabled={isBusy} className="sign-in-submit">
          {isBusy ? signIn.busy : signIn.submit}
        </Button>
        {otherWay !== undefined && (
          <a className="button button-quiet sign-in-submit" href={singleSignOnUrl}>
            {otherWay}
          </a>
        )}
      </form>
    </main>
  );
}
