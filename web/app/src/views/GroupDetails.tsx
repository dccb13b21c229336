import { useState } from 'react';
import { GroupMemberRole } from 'turms-client';
import { Button } from '../components/Button';
import { Dialog } from '../components/Dialog';
import { describeError } from '../i18n/describe';
import { useTexts } from '../i18n';
import { app } from '../state/page';
import { useApp } from '../state/store';
import { cutTo } from './graphemes';

/** The server keeps no longer ones. */
const maxNameLength = 200;
const maxIntroLength = 2000;

/** What the group is for, and the way to change that and its name for those who lead it. */
export default function GroupDetails({ groupId }: { groupId: bigint }) {
  const { members: texts } = useTexts();
  const group = useApp((state) => state.groups.get(groupId));
  const role = useApp((state) => state.members.get(groupId)?.find(({ userId }) => userId === state.me)?.role);
  const [isOpen, setIsOpen] = useState(false);
  const leads = role === GroupMemberRole.OWNER || role === GroupMemberRole.MANAGER;
  if (!group) return null;
  return (
    <div className="invite">
      {group.intro !== '' && (
        <p className="group-intro" dir="auto">
          {group.intro}
        </p>
      )}
      {leads && <Button onClick={() => setIsOpen(true)}>{texts.editGroup}</Button>}
      {isOpen && <EditGroup groupId={groupId} name={group.name} intro={group.intro} onClose={() => setIsOpen(false)} />}
    </div>
  );
}

interface EditGroupProps {
  groupId: bigint;
  name: string;
  intro: string;
  onClose: () => void;
}

function EditGroup({ groupId, name: nameNow, intro: introNow, onClose }: EditGroupProps) {
  const texts = useTexts();
  const [name, setName] = useState(nameNow);
  const [intro, setIntro] = useState(introNow);
  const [error, setError] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);
  const save = async () => {
    if (name.trim() === '') {
      setError(texts.newGroup.nameMissing);
      return;
    }
    setIsBusy(true);
    try {
      await app.groups.updateGroup(groupId, { name: name.trim(), intro: intro.trim() });
      onClose();
    } catch (failure) {
      setError(describeError(failure, texts));
      setIsBusy(false);
    }
  };
  return (
    <Dialog
      title={texts.members.editGroup}
      confirm={texts.common.save}
      busy={isBusy}
      {...(error !== undefined && { error })}
      onConfirm={() => void save()}
      onClose={onClose}
    >
      <label className="dialog-field">
        {texts.newGroup.nameLabel}
        <input className="field" dir="auto" value={name} onChange={(event) => setName(cutTo(event.target.value, maxNameLength))} />
      </label>
      <label className="dialog-field">
        {texts.members.intro}
        <textarea
          className="field"
          dir="auto"
          rows={3}
          value={intro}
          onChange={(event) => setIntro(cutTo(event.target.value, maxIntroLength))}
        />
      </label>
    </Dialog>
  );
}
