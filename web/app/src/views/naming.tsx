import { type KeyboardEvent, type RefObject, useId, useState } from 'react';
import { Avatar } from '../components/Avatar';
import { useTexts } from '../i18n';
import { type Mentionable, typedName } from '../state/mentions';

const maxShown = 6;

/** Offers people while their names are typed behind an @: a list that the field controls and keeps the focus from. */
export function useNaming(
  field: RefObject<HTMLTextAreaElement | null>,
  text: string,
  people: readonly Mentionable[],
  change: (text: string) => void,
) {
  const { conversation: texts } = useTexts();
  const listId = useId();
  const [cursor, setCursor] = useState(0);
  const [active, setActive] = useState(0);
  /** The place of the @ whose list was closed. */
  const [closed, setClosed] = useState<number>();
  const typed = typedName(text, Math.min(cursor, text.length));
  const wanted = typed?.name.toLocaleLowerCase() ?? '';
  const found =
    typed === undefined || typed.start === closed
      ? []
      : people
          .filter(({ name }) => name.toLocaleLowerCase().startsWith(wanted) && name.toLocaleLowerCase() !== wanted)
          .slice(0, maxShown);
  const isOpen = found.length > 0;
  const index = Math.min(active, found.length - 1);

  const choose = (person: Mentionable) => {
    if (!typed) return;
    const before = `${text.slice(0, typed.start)}@${person.name} `;
    change(before + text.slice(cursor));
    setCursor(before.length);
    setActive(0);
    requestAnimationFrame(() => field.current?.setSelectionRange(before.length, before.length));
  };
  /** Whether the key was for the list. */
  const onKeyDown = (event: KeyboardEvent): boolean => {
    if (!isOpen || event.nativeEvent.isComposing) return false;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      setActive((index + (event.key === 'ArrowDown' ? 1 : found.length - 1)) % found.length);
    } else if ((event.key === 'Enter' && !event.shiftKey) || event.key === 'Tab') {
      choose(found[index]!);
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      setClosed(typed?.start);
    } else {
      return false;
    }
    event.preventDefault();
    return true;
  };
  return {
    onKeyDown,
    onSelect: () => {
      setCursor(field.current?.selectionStart ?? 0);
      if (closed !== undefined && typed?.start !== closed) setClosed(undefined);
    },
    field: isOpen
      ? {
          role: 'combobox',
          'aria-autocomplete': 'list' as const,
          'aria-expanded': true,
          'aria-controls': listId,
          'aria-activedescendant': `${listId}-${index}`,
        }
      : {},
    list: isOpen && (
      <ul className="naming" role="listbox" id={listId} aria-label={texts.mention}>
        {found.map((person, at) => (
          <li
            key={`${person.id}`}
            id={`${listId}-${at}`}
            role="option"
            aria-selected={at === index}
            // The field keeps the focus.
            onPointerDown={(event) => event.preventDefault()}
            onClick={() => choose(person)}
          >
            <Avatar id={person.id} name={person.name} size={24} />
            <bdi>{person.name}</bdi>
          </li>
        ))}
      </ul>
    ),
  };
}
