import { memo, useId, useMemo, useState } from 'react';
import { parseAttachment } from 'turms-client';
import { Avatar } from '../components/Avatar';
import { Button, IconButton } from '../components/Button';
import { Dialog } from '../components/Dialog';
import { useFocusWhenLost } from '../components/focus';
import { Icon, type IconName } from '../components/Icon';
import { describeError } from '../i18n/describe';
import { type Texts, useTexts } from '../i18n';
import { type ConversationKey, groupIdOf } from '../state/conversationKey';
import { spokenText } from '../state/mentions';
import { type Names, useNames } from '../state/names';
import { app } from '../state/page';
import { formatRoute, navigate, openPage, useRoute } from '../state/route';
import { liveMeetingOf, useApp } from '../state/store';
import type { Entry } from '../state/timeline';
import { countText } from './count';
import { cutTo } from './graphemes';
import { NewChat } from './NewChat';
import { SearchResults } from './Search';
import { SettingsMenu } from './SettingsMenu';
import { sortedKeys } from './sorting';
import { useTimeText } from './time';

/** The server searches for no longer text, and keeps no longer name of a group. */
const maxQueryLength = 200;
const maxNameLength = 200;

export function Sidebar({ selected }: { selected: ConversationKey | undefined }) {
  const texts = useTexts();
  const names = useNames();
  const me = useApp((state) => state.me);
  const { view } = useRoute();
  const [asked, setAsked] = useState<'group' | 'chat'>();
  const [query, setQuery] = useState('');
  const title = useFocusWhenLost<HTMLHeadingElement>(selected ?? view);
  return (
    <nav className="pane-list" aria-label={texts.sidebar.label}>
      <header className="pane-header">
        <h1 ref={title} tabIndex={-1}>
          {texts.sidebar.title}
        </h1>
        <ContactsButton />
        <IconButton icon="person" label={texts.people.newChat} onClick={() => setAsked('chat')} />
        <IconButton icon="plus" label={texts.sidebar.newGroup} onClick={() => setAsked('group')} />
      </header>
      <search className="search">
        <Icon name="search" size={16} />
        <input
          className="field"
          type="search"
          dir="auto"
          aria-label={texts.search.label}
          placeholder={texts.search.label}
          maxLength={maxQueryLength}
          value={query}
          onChange={(event) => setQuery(event.target.value)}
        />
      </search>
      <div className="pane-scroll">
        {query.trim() === '' ? (
          <>
            <Invitations names={names} />
            <ConversationList selected={selected} />
          </>
        ) : (
          <SearchResults query={query.trim()} />
        )}
      </div>
      <footer className="me">
        <Avatar id={me} name={names.user(me)} size={32} />
        <span className="me-name">
          <bdi>{names.user(me)}</bdi>
        </span>
        <SettingsMenu className="icon-button button-quiet" signedIn>
          <Icon name="settings" />
        </SettingsMenu>
      </footer>
      {asked === 'group' && <NewGroup onClose={() => setAsked(undefined)} />}
      {asked === 'chat' && <NewChat onClose={() => setAsked(undefined)} />}
    </nav>
  );
}

function ContactsButton() {
  const { people } = useTexts();
  const asking = useApp((state) => state.contacts?.received.length ?? 0);
  return (
    <span className="with-count">
      <IconButton
        icon="people"
        label={asking === 0 ? people.contacts : people.contactsAsking(asking)}
        onClick={() => openPage('contacts')}
      />
      {asking > 0 && (
        <span className="badge" aria-hidden="true">
          {countText(asking)}
        </span>
      )}
    </span>
  );
}

function ConversationList({ selected }: { selected: ConversationKey | undefined }) {
  const texts = useTexts();
  const conversations = useApp((state) => state.conversations);
  const isLoaded = useApp((state) => state.conversationsLoaded);
  const keys = useMemo(() => sortedKeys(conversations), [conversations]);
  if (isLoaded && keys.length === 0) return <p className="empty">{texts.sidebar.empty}</p>;
  return (
    <ul className="groups">
      {keys.map((key) => (
        <ConversationRow key={key} conversationKey={key} isSelected={key === selected} />
      ))}
    </ul>
  );
}

interface RowProps {
  conversationKey: ConversationKey;
  isSelected: boolean;
}

const ConversationRow = memo(function ConversationRow({ conversationKey: key, isSelected }: RowProps) {
  const texts = useTexts();
  const names = useNames();
  const time = useTimeText();
  const me = useApp((state) => state.me);
  const conversation = useApp((state) => state.conversations.get(key));
  const draft = useApp((state) => (isSelected ? undefined : state.drafts.get(key)));
  const groupId = groupIdOf(key);
  const inMeeting = useApp((state) => (groupId === undefined ? undefined : liveMeetingOf(state, groupId)?.participants.length));
  if (!conversation) return null;
  const { unread, mentioned, pinned, muted } = conversation;
  const newest = conversation.entries.at(-1);
  // What is on its way there is the newest, too.
  const last = newest && newest.id === undefined ? newest : conversation.last;
  return (
    <li>
      <a
        href={formatRoute({ key, view: 'conversation' })}
        className={`group-row ${unread > 0 ? 'is-unread' : ''} ${groupId === undefined ? 'is-person' : ''}`}
        aria-current={isSelected ? 'page' : undefined}
      >
        <Avatar id={BigInt(key.slice(1))} name={names.conversation(key)} size={40} />
        <span className="group-row-text">
          <span className="group-row-top">
            <bdi className="group-row-name">{names.conversation(key)}</bdi>
            {muted && <Mark icon="bellOff" label={texts.sidebar.muted} />}
            {pinned && <Mark icon="pin" label={texts.sidebar.pinned} />}
            {last && <time dateTime={new Date(last.sentAt).toISOString()}>{time.short(last.sentAt)}</time>}
          </span>
          <span className="group-row-bottom">
            {inMeeting !== undefined ? (
              <span className="live-text">
                <span className="live-dot" />
                {texts.sidebar.live(inMeeting)}
              </span>
            ) : (
              <span className="group-row-preview" dir="auto">
                {draft !== undefined
                  ? texts.sidebar.draft(draft)
                  : last
                    ? preview(last, me, groupId !== undefined, (user) => names.in(key, user), texts)
                    : texts.sidebar.noMessages}
              </span>
            )}
            {mentioned && (
              <span className="badge badge-mention">
                <Icon name="at" size={13} />
                <span className="visually-hidden">{texts.sidebar.mentioned}</span>
              </span>
            )}
            {unread > 0 && (
              <span className={`badge ${muted ? 'is-muted' : ''}`}>
                <span aria-hidden="true">{countText(unread)}</span>
                <span className="visually-hidden">{texts.sidebar.unread(countText(unread))}</span>
              </span>
            )}
          </span>
        </span>
      </a>
    </li>
  );
});

function Mark({ icon, label }: { icon: IconName; label: string }) {
  return (
    <span className="group-row-mark" role="img" aria-label={label}>
      <Icon name={icon} size={14} />
    </span>
  );
}

function preview(entry: Entry, me: bigint, isGroup: boolean, nameOf: (id: bigint) => string, texts: Texts): string {
  if (entry.system?.kind === 'meeting') return texts.meeting.startedBy(nameOf(entry.system.meeting.creatorId));
  if (entry.system?.kind === 'recalled') {
    return entry.senderId > 0n ? texts.conversation.recalled(nameOf(entry.senderId)) : texts.conversation.recalledUnknown;
  }
  if (entry.system) return texts.conversation.systemMessage;
  const text = parseAttachment(entry.text)?.name ?? spokenText(entry.text, nameOf);
  return entry.senderId === me || !isGroup ? text : texts.sidebar.preview(nameOf(entry.senderId), text);
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
            <strong dir="auto">{invitation.content || names.group(invitation.groupId)}</strong>
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
  const noteId = useId();
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
          dir="auto"
          value={name}
          aria-invalid={isEmpty}
          aria-describedby={noteId}
          onChange={(event) => {
            setName(cutTo(event.target.value, maxNameLength));
            setIsEmpty(false);
          }}
        />
      </label>
      <p id={noteId} className="dialog-note" role="status">
        {name.length >= maxNameLength - 5 && texts.newGroup.remaining(maxNameLength - name.length)}
      </p>
    </Dialog>
  );
}
