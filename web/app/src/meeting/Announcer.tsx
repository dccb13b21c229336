import { useEffect, useRef, useState } from 'react';
import { useTexts } from '../i18n';
import { type Change, changesBetween, type Noticed } from './announcements';
import type { MeetingRoom, Person } from './room';
import { usePersonName } from './Tile';

/** So long it waits for what else happens, so that ten who come together are one sentence. */
const gatherMs = 1500;
/** More than these are told by their number. */
const mostNames = 3;

/** Tells those who do not see it who comes, goes and shares. */
export function Announcer({ room }: { room: MeetingRoom }) {
  const { announcements: texts } = useTexts();
  const nameOf = usePersonName();
  const [sentence, setSentence] = useState('');
  const latest = useRef({ texts, nameOf });
  latest.current = { texts, nameOf };

  useEffect(() => {
    const known = new Map<string, Person>();
    const look = () => {
      const { people, connection } = room.state.getState();
      for (const person of people) known.set(person.identity, person);
      return { noticed: people.map(toNoticed), isComplete: connection === 'connected' };
    };
    let told = look().noticed;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tell = () => {
      timer = undefined;
      const { noticed, isComplete } = look();
      // While reconnecting, those whom the page has lost sight of have not left.
      if (!isComplete) return;
      const changes = changesBetween(told, noticed);
      told = noticed;
      const say = ({ kind, identities }: Change) => {
        const names = identities.map((identity) => latest.current.nameOf(known.get(identity)!));
        return latest.current.texts[kind](names.length > mostNames ? names.length : names);
      };
      if (changes.length > 0) setSentence(changes.map(say).join(' '));
    };
    const unsubscribe = room.state.subscribe(() => {
      look();
      timer ??= setTimeout(tell, gatherMs);
    });
    return () => {
      unsubscribe();
      clearTimeout(timer);
    };
  }, [room]);

  return (
    <p className="visually-hidden" role="status" aria-live="polite" data-announcer>
      {sentence}
    </p>
  );
}

function toNoticed({ identity, isLocal, screen, handRaisedAt }: Person): Noticed {
  return { identity, isLocal, isSharing: screen !== undefined, hasHandRaised: handRaisedAt !== undefined };
}
