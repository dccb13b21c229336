import { useState } from 'react';
import type { Profile } from 'turms-client';
import { Dialog } from '../components/Dialog';
import { useTexts } from '../i18n';
import { personKey } from '../state/conversationKey';
import { app } from '../state/page';
import { navigate } from '../state/route';
import { PeopleField } from './PeopleField';

/** Asks whom to write to, by name. */
export function NewChat({ onClose }: { onClose: () => void }) {
  const texts = useTexts();
  const [chosen, setChosen] = useState<readonly Profile[]>([]);
  const [isMissing, setIsMissing] = useState(false);
  const start = () => {
    const [person] = chosen;
    setIsMissing(person === undefined);
    if (!person) return;
    onClose();
    const key = personKey(person.id);
    app.conversations.ensure(key);
    navigate({ key, view: 'conversation' });
  };
  return (
    <Dialog
      title={texts.people.newChat}
      confirm={texts.people.write}
      onConfirm={start}
      onClose={onClose}
      {...(isMissing && { error: texts.people.missing })}
    >
      <PeopleField
        label={texts.people.name}
        isSingle
        chosen={chosen}
        onChange={(people) => {
          setChosen(people);
          setIsMissing(false);
        }}
      />
    </Dialog>
  );
}
