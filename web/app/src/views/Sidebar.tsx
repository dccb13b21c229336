import { useState } from 'react';
import { Avatar } from '../components/Avatar';
import { Button, IconButton } from '../components/Button';
import { Dialog } from '../components/Dialog';
import { useFocusWhenLost } from '../components/focus';
import { Icon } from '../components/Icon';
import { describeError } from '../i18n/describe';
import { type Texts, useTexts } from '../i18n';
import { type Names, useNames } from '../state/names';
import { app } from '../state/page';
import { formatRoute, navigate } from '../state/route';
import { type AppState, type Conversation, liveMeetingOf, useApp } from '../state/store';
import { pageSize } from '../state/conversations';
import { SettingsMenu } from './SettingsMenu';
import { useTimeText } from './time';

export function Sidebar({ selected }: { selected: bigint | undefined }) {
  const texts = useTexts();
  const names = useNames();
  const me = useApp((state) => state.me);
  const [isCreating, setIsCreating] = useState(false);
  const title = useFocusWhenLost<HTMLHeadingElement>(selected);
  return (
    <nav className="pane-list" aria-label={texts.sidebar.label}>
      <header className="pane-header">
        <h1 ref={title} tabIndex={-1}>
          {texts.sidebar.groups}
        </h1>
        <IconButton icon="plus" label={texts.sidebar.newGroup} onClick={() => setIsCreating(true)} />
      </header>
      <div className="pane-scroll">
        <Invitations names={names} />
        <GroupList selected={selected} names={names} />
      </div>
      <footer className="me">
        <Avatar id={me} name={names.user(me)} size={32} />
        <span className="me-name">
          <span>{names.user(me)}</span>
          <small>{`${me}`}</small>
        </span>
        <SettingsMenu className="icon-button button-quiet" signedIn>
          <Icon name="settings" />
        </SettingsMenu>
      </footer>
      {isCreating && <NewGroup onClose={() => setIsCreating(false)} />}
    </nav>
  );
}

function lastActivity(state: AppState, groupId: bigint): number {
  const entry = state.conversations.get(groupId)?.entries.at(-1);
  return entry?.sentAt ?? state.groups.get(groupId)?.createdAt ?? 0;
}

function GroupList({ selected, names }: { selected: bigint | undefined; names: Names }) {
  const texts = useTexts();
  const state = useApp((each) => each);
  const groups = [...state.groups.values()].sort((a, b) => lastActivity(state, b.id) - lastActivity(state, a.id));
  if (state.groupsLoaded && groups.length === 0) return <p className="empty">{texts.sidebar.empty}</p>;
  return (
    <ul className="groups">
      {groups.map(({ id }) => (
        <GroupRow
          key={`${id}`}
          id={id}
          isSelected={id === selected}
          conversation={state.conversations.get(id)}
          inMeeting={liveMeetingOf(state, id)?.participants.length}
          me={state.me}
          names={names}
        />
      ))}
    </ul>
  );
}

interface GroupRowProps {
  id: bigint;
  isSelected: boolean;
  conversation: Conversation | undefined;
  inMeeting: number | undefined;
  me: bigint;
  names: Names;
}

function GroupRow({ id, isSelected, conversation, inMeeting, me, names }: GroupRowProps) {
  const texts = useTexts();
  const time = useTimeText();
  const last = conversation?.entries.at(-1);
  const unread = conversation?.unread ?? 0;
  const unreadText = unread >= pageSize && conversation?.hasOlder ? `${pageSize}+` : `${unread}`;
  return (
    <li>
      <a
        href={formatRoute({ groupId: id, view: 'conversation' })}
        className={`group-row ${unread > 0 ? 'is-unread' : ''}`}
        aria-current={isSelected ? 'page' : undefined}
      >
        <Avatar id={id} name={names.group(id)} size={40} />
        <span className="group-row-text">
          <span className="group-row-top">
            <span className="group-row-name">{names.group(id)}</span>
            {last && <time dateTime={new Date(last.sentAt).toISOString()}>{time.short(last.sentAt)}</time>}
          </span>
          <span className="group-row-bottom">
            {inMeeting !== undefined ? (
              <span className="live-text">
                <span className="live-dot" />
                {texts.sidebar.live(inMeeting)}
              </span>
            ) : (
              <span className="group-row-preview">{last ? preview(last, me, (user) => names.member(id, user), texts) : texts.sidebar.noMessages}</span>
            )}
            {unread > 0 && (
              <span className="badge">
                <span aria-hidden="true">{unreadText}</span>
                <span className="visually-hidden">{texts.sidebar.unread(unreadText)}</span>
              </span>
            )}
          </span>
        </span>
      </a>
    </li>
  );
}

function preview(
  entry: Conversation['entries'][number],
  me: bigint,
  nameOf: (id: bigint) => string,
  texts: Texts,
): string {
  if (entry.system?.kind === 'meeting') return texts.meeting.startedBy(nameOf(entry.system.meeting.creatorId));
  if (entry.system?.kind === 'recalled') {
    return entry.senderId > 0n ? texts.conversation.recalled(nameOf(entry.senderId)) : texts.conversation.recalledUnknown;
  }
  if (entry.system) return texts.conversation.systemMessage;
  return entry.senderId === me ? entry.text : texts.sidebar.preview(nameOf(entry.senderId), entry.text);
}

function Invitations({ names }: { names: Names }) {
  const texts = useTexts();
  const invitations = useApp((state) => state.invitations);
  if (invitations.length === 0) return null;
  return (
    <section className="invitations" aria-label={texts.sidebar.invitations}>
      <h2>{texts.sidebar.invitations}</h2>
      {invitations.map((invitation) => (
        <div key={`${invitation.id}`} className="invitation">
          <p>
            <strong>{invitation.content || names.group(invitation.groupId)}</strong>
            <small>{texts.sidebar.invitedBy(names.user(invitation.inviterId))}</small>
          </p>
          <div className="invitation-actions">
            <Button tone="primary" onClick={() => void app.groups.answerInvitation(invitation.id, true)}>
              {texts.sidebar.accept}
            </Button>
            <Button onClick={() => void app.groups.answerInvitation(invitation.id, false)}>{texts.sidebar.decline}</Button>
          </div>
        </div>
      ))}
    </section>
  );
}

function NewGroup({ onClose }: { onClose: () => void }) {
  const texts = useTexts();
  const [name, setName] = useState('');
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const [isEmpty, setIsEmpty] = useState(false);

  const create = async () => {
    setError(undefined);
    setIsEmpty(name.trim() === '');
    if (name.trim() === '') return;
    setIsBusy(true);
    try {
      const groupId = await app.groups.create(name.trim());
      onClose();
      navigate({ groupId, view: 'members' });
    } catch (failure) {
      setError(failure);
      setIsBusy(false);
    }
  };

  return (
    <Dialog
      title={texts.newGroup.title}
      confirm={texts.newGroup.create}
      busy={isBusy}
      {...(isEmpty && { error: texts.newGroup.nameMissing })}
      {...(error !== undefined && { error: describeError(error, texts) })}
      onConfirm={() => void create()}
      onClose={onClose}
    >
      <label className="dialog-field">
        {texts.newGroup.nameLabel}
        <input
          className="field"
          autoFocus
          maxLength={20}
          value={name}
          aria-invalid={isEmpty}
          onChange={(event) => {
            setName(event.target.value);
            setIsEmpty(false);
          }}
        />
      </label>
    </Dialog>
  );
}
