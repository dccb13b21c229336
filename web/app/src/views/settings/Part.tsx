import { type ReactNode, useId } from 'react';

/** A part of the page of settings, with its heading. */
export function Part({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section className="settings-part" aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      {children}
    </section>
  );
}

interface ChoiceProps<Key extends string> {
  title: string;
  options: readonly (readonly [Key, string])[];
  value: Key;
  onChoose: (key: Key) => void;
}

/** One of a few. */
export function Choice<Key extends string>({ title, options, value, onChoose }: ChoiceProps<Key>) {
  const name = useId();
  return (
    <fieldset className="settings-choice">
      <legend>{title}</legend>
      {options.map(([key, label]) => (
        <label key={key}>
          <input type="radio" name={name} checked={key === value} onChange={() => onChoose(key)} />
          {label}
        </label>
      ))}
    </fieldset>
  );
}
