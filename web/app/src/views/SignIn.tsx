import { type FormEvent, useEffect, useId, useState } from 'react';
import { Button, IconButton } from '../components/Button';
import { Icon } from '../components/Icon';
import { describeError } from '../i18n/describe';
import { useTexts } from '../i18n';
import { type DemoAccounts, demoAccounts } from '../state/demo';
import { app } from '../state/page';
import { singleSignOnLabel, singleSignOnUrl } from '../state/singleSignOn';
import { useApp } from '../state/store';
import { SettingsMenu } from './SettingsMenu';

export function SignIn() {
  const texts = useTexts();
  const { signIn } = texts;
  const isBusy = useApp((state) => state.phase === 'signingIn');
  const failure = useApp((state) => state.signInError);
  const closeStatus = useApp((state) => state.closeStatus);
  const singleSignOnFailed = useApp((state) => state.singleSignOnFailed === true);
  const lastName = useApp((state) => state.lastName);
  const [name, setName] = useState(lastName ?? '');
  const [isKnown] = useState(lastName !== undefined);
  const [password, setPassword] = useState('');
  const [isShown, setIsShown] = useState(false);
  const [isInvalid, setIsInvalid] = useState(false);
  const nameField = useId();
  const passwordField = useId();
  const errorId = useId();
  const [otherWay, setOtherWay] = useState<string>();
  const [demo, setDemo] = useState<DemoAccounts>();
  useEffect(() => {
    let isHere = true;
    void singleSignOnLabel().then((label) => {
      if (isHere) setOtherWay(label);
    });
    void demoAccounts().then((accounts) => {
      if (isHere) setDemo(accounts);
    });
    return () => {
      isHere = false;
    };
  }, []);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isBusy) return;
    const who = name.trim();
    setIsInvalid(who === '');
    if (who !== '') void app.signIn(who, password);
  };

  const message = isInvalid
    ? signIn.nameMissing
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
        <img src="favicon.svg" alt="" width={48} height={48} />
        <h1>{texts.appName}</h1>
        <p className="sign-in-lead">{signIn.lead}</p>
        <label htmlFor={nameField}>{signIn.name}</label>
        <input
          id={nameField}
          className="field"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          dir="auto"
          autoFocus={!isKnown}
          maxLength={200}
          value={name}
          aria-invalid={isInvalid}
          aria-describedby={message ? errorId : undefined}
          onChange={(event) => setName(event.target.value)}
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
        {demo && demo.names.length > 0 && (
          <fieldset className="demo" disabled={isBusy}>
            <legend>{signIn.demo}</legend>
            {demo.names.map((each) => (
              <Button key={each} onClick={() => void app.signIn(each, demo.password)}>
                {each}
              </Button>
            ))}
          </fieldset>
        )}
      </form>
    </main>
  );
}
