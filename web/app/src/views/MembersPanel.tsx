import { useState } from 'react';
import { GroupMemberRole, type Member } from 'turms-client';
import { Avatar } from '../components/Avatar';
import { Button, IconButton } from '../components/Button';
import { Dialog } from '../components/Dialog';
import { useFocusKept, usePanel } from '../components/focus';
import { Icon } from '../components/Icon';
import { useTexts } from '../i18n';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { navigate } from '../state/route';
import { liveMeetingOf, useApp } from '../state/store';
import { AddPeople } from './AddPeople';
import { MemberMenu } from './MemberMenu';

export function MembersPanel({ groupId }: { groupId: bigint }) {
  const texts = useTexts();
  const close = () => navigate({ groupId, view: 'conversation' });
  const panel = usePanel(close);
  return (
    <aside className="pane-members" aria-label={texts.members.title} {...panel}>
      <header className="pane-header">
        <IconButton className="only-narrow" icon="back" label={texts.common.back} onClick={close} />
        <div className="pane-title">
          <h2>{texts.members.title}</h2>
        </div>
        <IconButton className="only-wide" icon="close" label={texts.common.close} onClick={close} />
      </header>
      <div className="pane-scroll">
        <InviteButton groupId={groupId} />
        <MemberList groupId={groupId} />
        <LeaveGroup groupId={groupId} />
      </div>
    </aside>
  );
}

export function byRoleThenName(name: (id: bigint) => string) {
  return (a: Member, b: Member) => a.role - b.role || name(a.userId).localeCompare(name(b.userId));
}

function MemberList({ groupId }: { groupId: bigint }) {
  const texts = useTexts();
  const names = useNames();
  const members = useApp((state) => state.members.get(groupId));
  const me = useApp((state) => state.me);
  const meeting = useApp((state) => liveMeetingOf(state, groupId));
  const list = useFocusKept<HTMLUListElement>();
  const nameOf = (id: bigint) => names.member(groupId, id);
  const inMeeting = new Set(meeting?.participants.map(({ userId }) => userId));
  if (!members) return <p className="empty">{texts.common.loading}</p>;
  return (
    <ul className="members" ref={list} tabIndex={-1} aria-label={texts.members.title}>
      {[...members].sort(byRoleThenName(nameOf)).map((member) => (
        <li key={`${member.userId}`} className="member">
          <Avatar id={member.userId} name={nameOf(member.userId)} />
          <span className="member-text">
            <span>
              <bdi>{nameOf(member.userId)}</bdi>
              {member.userId === me && <small> ({texts.common.you})</small>}
            </span>
            <small>
              {texts.members.roles[member.role]}
              {(member.muteEndsAt ?? 0) > Date.now() && ` · ${texts.members.muted}`}
              {inMeeting.has(member.userId) && <span className="live-text"> · {texts.members.inMeeting}</span>}
            </small>
          </span>
          <MemberMenu groupId={groupId} member={member} />
        </li>
      ))}
    </ul>
  );
}

function InviteButton({ groupId }: { groupId: bigint }) {
  const texts = useTexts();
  const [isOpen, setIsOpen] = useState(false);
  return (
    <div className="invite">
      <Button icon="plus" onClick={() => setIsOpen(true)}>
        {texts.invite.title}
      </Button>
      {isOpen && <AddPeople groupId={groupId} onClose={() => setIsOpen(false)} />}
    </div>
  );
}

function LeaveGroup({ groupId }: { groupId: bigint }) {
  const texts = useTexts();
  const me = useApp((state) => state.me);
  const members = useApp((state) => state.members.get(groupId));
  const [isAsking, setIsAsking] = useState(false);
  const mine = members?.find(({ userId }) => userId === me);
  // An owner has to hand the group over first, which is not offered here yet.
  if (!mine || mine.role === GroupMemberRole.OWNER) return null;
  return (
    <div className="leave-group">
      <Button tone="quiet" onClick={() => setIsAsking(true)}>
        <Icon name="exit" size={16} />
        {texts.members.leave}
      </Button>
      {isAsking && (
        <Dialog
          title={texts.members.confirmLeave}
          confirm={texts.members.leave}
          danger
          onConfirm={() => void app.groups.leave(groupId)}
          onClose={() => setIsAsking(false)}
        />
      )}
    </div>
  );
}
