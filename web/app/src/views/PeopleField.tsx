import { useState } from 'react';
import type { Profile } from 'turms-client';
import { Avatar } from '../components/Avatar';
import { useTexts } from '../i18n';
import { lookalikes } from '../state/lookalikes';
import { app } from '../state/page';
import { useFound } from './found';

const askAfterMs = 200;

const findPeople = (text: string) => app.groups.find(text);

interface PeopleFieldProps {
  label: string;
  chosen: readonly Profile[];
  /** Why somebody cannot be chosen. */
  whyNot?: (id: bigint) => string | undefined;
  /** Only one can be chosen. */
  isSingle?: boolean;
  onChange: (chosen: readonly Profile[]) => void;
}

/** People found by what they are called, to choose from. */
export function PeopleField({ label, chosen, whyNot, isSingle = false, onChange }: PeopleFieldProps) {
  const texts = useTexts();
  const [text, setText] = useState('');
  const wanted = text.trim();
  const { found, error } = useFound(wanted, findPeople, askAfterMs);

  const isChosen = (id: bigint) => chosen.some((person) => person.id === id);
  const shown = [...chosen, ...(found ?? []).filter(({ id }) => !isChosen(id))];
  const alike = lookalikes(new Map(shown.map(({ id, name }) => [id, name])));
  const toggle = (person: Profile) => {
    if (isChosen(person.id)) onChange(chosen.filter(({ id }) => id !== person.id));
    else onChange(isSingle ? [person] : [...chosen, person]);
  };
  return (
    <>
      <label className="dialog-field">
        {label}
        <input
          className="field"
          type="search"
          autoFocus
          autoComplete="off"
          dir="auto"
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            // Enter chooses whom the name means, before it confirms anything.
            const open = (found ?? []).filter(({ id }) => !isChosen(id) && whyNot?.(id) === undefined);
            if (event.key !== 'Enter' || event.nativeEvent.isComposing || wanted === '' || open.length === 0) return;
            event.preventDefault();
            toggle(open[0]!);
            setText('');
          }}
        />
      </label>
      <div className="choices" role="group" aria-label={texts.people.found}>
        {shown.map((person) => {
          const reason = whyNot?.(person.id);
          return (
            <label key={`${person.id}`} className={`choice ${reason ? 'is-closed' : ''}`}>
              <input
                type={isSingle ? 'radio' : 'checkbox'}
                name="person"
                checked={isChosen(person.id)}
                disabled={reason !== undefined}
                onChange={() => toggle(person)}
              />
              <Avatar id={person.id} name={person.name} size={28} />
              <bdi>{alike.has(person.id) ? texts.common.nameWithId(person.name, `${person.id}`) : person.name}</bdi>
              {reason && <small>{reason}</small>}
            </label>
          );
        })}
      </div>
      <p className="choices-note" role="status">
        {error ?? (found?.length === 0 ? texts.people.nobody : found && texts.people.count(found.length))}
      </p>
    </>
  );
}
