import { useState } from 'react';
import { GroupMemberRole, type Member } from 'turms-client';
import { Dialog } from '../components/Dialog';
import { Icon } from '../components/Icon';
import { Menu, type MenuItem } from '../components/Menu';
import { useTexts } from '../i18n';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { useApp } from '../state/store';

/** What the user may do with a member; nothing when that is nothing. */
export function MemberMenu({ groupId, member, className }: { groupId: bigint; member: Member; className?: string }) {
  const { members: texts } = useTexts();
  const names = useNames();
  const me = useApp((state) => state.me);
  const mine = useApp((state) => state.members.get(groupId)?.find(({ userId }) => userId === state.me)?.role);
  const [isAsking, setIsAsking] = useState(false);
  if (member.userId === me || mine === undefined) return null;
  const isManager = mine === GroupMemberRole.OWNER || mine === GroupMemberRole.MANAGER;
  // Lower numbers rank higher.
  if (!isManager || member.role <= mine) return null;

  const isMuted = (member.muteEndsAt ?? 0) > Date.now();
  const name = names.member(groupId, member.userId);
  const items: MenuItem[] = [
    {
      key: 'mute',
      label: isMuted ? texts.unmute : texts.mute,
      icon: isMuted ? 'microphone' : 'microphoneOff',
      onSelect: () => void app.groups.setMuted(groupId, member, !isMuted),
    },
    {
      key: 'remove',
      label: texts.remove,
      icon: 'close',
      danger: true,
      onSelect: () => setIsAsking(true),
    },
  ];
  if (mine === GroupMemberRole.OWNER) {
    const isTheirs = member.role === GroupMemberRole.MANAGER;
    items.splice(1, 0, {
      key: 'role',
      label: isTheirs ? texts.makeMember : texts.makeManager,
      icon: 'people',
      onSelect: () => void app.groups.setManager(groupId, member.userId, !isTheirs),
    });
  }
  return (
    <>
      <Menu label={texts.actionsFor(name)} sections={[{ key: 'actions', items }]} {...(className && { className })}>
        <Icon name="more" size={18} />
      </Menu>
      {isAsking && (
        <Dialog
          title={texts.confirmRemove(name)}
          confirm={texts.remove}
          danger
          onConfirm={() => {
            setIsAsking(false);
            void app.groups.removeMember(groupId, member.userId);
          }}
          onClose={() => setIsAsking(false)}
        />
      )}
    </>
  );
}
