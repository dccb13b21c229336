import { useState } from 'react';
import type { Profile } from 'turms-client';
import { Dialog } from '../components/Dialog';
import { useTexts } from '../i18n';
import { describeError } from '../i18n/describe';
import { app } from '../state/page';
import { useApp } from '../state/store';
import { PeopleField } from './PeopleField';

/** Asks whom to invite to the group, by name. */
export function AddPeople({ groupId, onClose }: { groupId: bigint; onClose: () => void }) {
  const texts = useTexts();
  const members = useApp((state) => state.members.get(groupId));
  const [chosen, setChosen] = useState<readonly Profile[]>([]);
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<string>();
  const isMember = (id: bigint) => members?.some(({ userId }) => userId === id) ?? false;

  const invite = async () => {
    if (chosen.length === 0) {
      setError(texts.invite.missing);
      return;
    }
    setIsBusy(true);
    setError(undefined);
    for (const person of chosen) {
      try {
        await app.groups.invite(groupId, person.id);
        setChosen((others) => others.filter(({ id }) => id !== person.id));
      } catch (failure) {
        setError(describeError(failure, texts));
        setIsBusy(false);
        return;
      }
    }
    onClose();
  };

  return (
    <Dialog
      title={texts.invite.title}
      confirm={texts.invite.submit}
      busy={isBusy}
      {...(error !== undefined && { error })}
      onConfirm={() => void invite()}
      onClose={onClose}
    >
      <PeopleField
        label={texts.invite.nameLabel}
        chosen={chosen}
        whyNot={(id) => (isMember(id) ? texts.invite.isMember : undefined)}
        onChange={(people) => {
          setChosen(people);
          setError(undefined);
        }}
      />
    </Dialog>
  );
}
