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
  const [asked, setAsked] = useState<'remove' | 'handOver'>();
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
      onSelect: () => setAsked('remove'),
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
    items.push({ key: 'handOver', label: texts.handOver, icon: 'person', danger: true, onSelect: () => setAsked('handOver') });
  }
  return (
    <>
      <Menu label={texts.actionsFor(name)} sections={[{ key: 'actions', items }]} {...(className && { className })}>
        <Icon name="more" size={18} />
      </Menu>
      {asked && (
        <Dialog
          title={asked === 'remove' ? texts.confirmRemove(name) : texts.confirmHandOver(name)}
          confirm={asked === 'remove' ? texts.remove : texts.handOver}
          danger
          onConfirm={() => {
            setAsked(undefined);
            void (asked === 'remove' ? app.groups.removeMember(groupId, member.userId) : app.groups.handOver(groupId, member.userId));
          }}
          onClose={() => setAsked(undefined)}
        />
      )}
    </>
  );
}
