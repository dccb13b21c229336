import { type FormEvent, useId, useState } from 'react';
import { Avatar } from '../../components/Avatar';
import { Button } from '../../components/Button';
import { describeError } from '../../i18n/describe';
import { useTexts } from '../../i18n';
import { app } from '../../state/page';
import { useApp } from '../../state/store';
import { cutTo } from '../graphemes';
import { Part } from './Part';
import { useSettingsTexts } from './texts';

/** The server keeps no longer ones. */
const maxNameLength = 20;
const maxIntroLength = 100;

export function Profile() {
  const common = useTexts();
  const texts = useSettingsTexts();
  const me = useApp((state) => state.me);
  const profile = useApp((state) => state.profiles.get(me));
  /** What was typed; what was not is as the server has it. */
  const [typed, setTyped] = useState<{ name?: string; intro?: string }>({});
  const [outcome, setOutcome] = useState<{ error: string } | 'saved' | 'busy'>();
  const id = useId();
  const name = typed.name ?? profile?.name ?? '';
  const intro = typed.intro ?? profile?.intro ?? '';
  const change = (changed: typeof typed) => {
    setTyped({ ...typed, ...changed });
    setOutcome(undefined);
  };
  const save = async (event: FormEvent) => {
    event.preventDefault();
    if (outcome === 'busy') return;
    if (name.trim() === '') {
      setOutcome({ error: texts.nameMissing });
      return;
    }
    setOutcome('busy');
    try {
      await app.groups.updateProfile({ name: name.trim(), intro: intro.trim() });
      setTyped({});
      setOutcome('saved');
    } catch (error) {
      setOutcome({ error: describeError(error, common) });
    }
  };
  const error = typeof outcome === 'object' ? outcome.error : undefined;

  return (
    <Part title={texts.profile}>
      <form className="settings-profile" onSubmit={(event) => void save(event)} noValidate>
        <Avatar id={me} name={name} size={64} />
        <label>
          {texts.name}
          <input
            className="field"
            dir="auto"
            autoComplete="name"
            value={name}
            aria-invalid={error !== undefined && name.trim() === ''}
            aria-describedby={`${id}error`}
            onChange={(event) => change({ name: cutTo(event.target.value, maxNameLength) })}
          />
        </label>
        <label>
          {texts.intro}
          <textarea
            className="field"
            dir="auto"
            rows={2}
            value={intro}
            aria-describedby={`${id}hint`}
            onChange={(event) => change({ intro: cutTo(event.target.value, maxIntroLength) })}
          />
        </label>
        <small id={`${id}hint`}>{texts.introHint}</small>
        <div className="settings-row">
          <Button type="submit" tone="primary" aria-disabled={outcome === 'busy'}>
            {common.common.save}
          </Button>
          <span role="status">{outcome === 'saved' && texts.saved}</span>
        </div>
        <p id={`${id}error`} className="form-error" role="alert">
          {error}
        </p>
      </form>
    </Part>
  );
}
