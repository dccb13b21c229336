import { type DragEvent, lazy, type RefObject, Suspense, useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { Avatar } from '../components/Avatar';
import { Button, IconButton } from '../components/Button';
import { isTouch } from '../components/focus';
import { Icon } from '../components/Icon';
import { Menu } from '../components/Menu';
import { useTexts } from '../i18n';
import { enterMeeting } from '../meeting/prejoin';
import { type ConversationKey, groupIdOf } from '../state/conversationKey';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { shownPicture } from '../state/pictures';
import { navigate, useRoute } from '../state/route';
import { liveMeetingOf, useApp } from '../state/store';
import { Composer } from './Composer';
import { LiveMeetingCard } from './LiveMeetingCard';
import { MessageList } from './MessageList';
import { useMutedUntil } from './muted';
import { PinnedBar } from './PinnedBar';

const Gallery = lazy(() => import('./Gallery'));

/** What is written in a group or with a person; with the meeting of the group on top while there is one. */
export function Conversation({ conversationKey: key }: { conversationKey: ConversationKey }) {
  const groupId = groupIdOf(key);
  useEffect(() => {
    if (groupId !== undefined) void app.groups.refreshMembers(groupId);
    void app.conversations.open(key);
    void app.conversations.askReads(key);
    void app.conversations.refreshPins(key);
  }, [key, groupId]);
  const title = useRef<HTMLHeadingElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => (isTouch() ? title : field).current?.focus(), []);
  const { conversation: texts } = useTexts();
  const mutedUntil = useMutedUntil(groupId);
  const shown = useStore(shownPicture, (state) => state.shown);
  const [isOver, setIsOver] = useState(false);
  const mayDrop = (event: DragEvent) => mutedUntil === undefined && event.dataTransfer.types.includes('Files');
  const onDragOver = (event: DragEvent) => {
    if (!mayDrop(event)) return;
    event.preventDefault();
    setIsOver(true);
  };
  const onDragLeave = (event: DragEvent<HTMLElement>) => {
    if (!(event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget))) setIsOver(false);
  };
  const onDrop = (event: DragEvent) => {
    setIsOver(false);
    if (!mayDrop(event)) return;
    event.preventDefault();
    app.uploads.choose(key, [...event.dataTransfer.files]);
    field.current?.focus();
  };
  return (
    <section className="conversation" onDragOver={onDragOver} onDragLeave={onDragLeave} onDrop={onDrop}>
      {isOver && <p className="drop-note">{texts.dropHere}</p>}
      <ConversationHeader conversationKey={key} title={title} />
      {groupId !== undefined && <LiveMeetingCard groupId={groupId} />}
      <PinnedBar conversationKey={key} />
      <MessageList conversationKey={key} />
      <Composer conversationKey={key} field={field} />
      {shown?.key === key && (
        <Suspense fallback={null}>
          <Gallery conversationKey={key} start={shown.id} />
        </Suspense>
      )}
    </section>
  );
}

interface HeaderProps {
  conversationKey: ConversationKey;
  title: RefObject<HTMLHeadingElement | null>;
}

function ConversationHeader({ conversationKey: key, title }: HeaderProps) {
  const texts = useTexts();
  const names = useNames();
  const groupId = groupIdOf(key);
  const memberCount = useApp((state) => (groupId === undefined ? undefined : state.members.get(groupId)?.length));
  return (
    <header className="pane-header">
      <IconButton className="only-narrow" icon="back" label={texts.common.back} onClick={() => navigate({ view: 'conversation' })} />
      <Avatar id={BigInt(key.slice(1))} name={names.conversation(key)} size={36} />
      <div className="pane-title">
        <h2 ref={title} tabIndex={-1} dir="auto">
          {names.conversation(key)}
        </h2>
        {memberCount !== undefined && <small>{texts.conversation.membersCount(memberCount)}</small>}
      </div>
      {groupId !== undefined && <StartMeeting groupId={groupId} />}
      {groupId !== undefined && <MembersButton groupId={groupId} />}
      <ConversationMenu conversationKey={key} />
    </header>
  );
}

function StartMeeting({ groupId }: { groupId: bigint }) {
  const texts = useTexts();
  const isLive = useApp((state) => liveMeetingOf(state, groupId) !== undefined);
  const isStarting = useApp((state) => state.starting === groupId);
  const isOffline = useApp((state) => state.connection !== 'online');
  if (isLive) return null;
  return (
    <Button
      tone="primary"
      icon="camera"
      className="start-meeting"
      disabled={isStarting || isOffline}
      onClick={() => enterMeeting({ groupId })}
    >
      {isStarting ? texts.meeting.starting : texts.meeting.start}
    </Button>
  );
}

function MembersButton({ groupId }: { groupId: bigint }) {
  const texts = useTexts();
  const { view } = useRoute();
  const areShown = view === 'members';
  return (
    <IconButton
      icon="people"
      label={texts.conversation.showMembers}
      aria-pressed={areShown}
      onClick={() => navigate({ groupId, view: areShown ? 'conversation' : 'members' })}
    />
  );
}

function ConversationMenu({ conversationKey: key }: { conversationKey: ConversationKey }) {
  const { conversation: texts } = useTexts();
  const pinned = useApp((state) => state.conversations.get(key)?.pinned ?? false);
  const muted = useApp((state) => state.conversations.get(key)?.muted ?? false);
  return (
    <Menu
      label={texts.options}
      sections={[
        {
          key: 'options',
          items: [
            {
              key: 'pinned',
              label: texts.keepOnTop,
              checked: pinned,
              isAlone: true,
              onSelect: () => void app.conversations.setPinned(key, !pinned),
            },
            {
              key: 'muted',
              label: texts.mute,
              checked: muted,
              isAlone: true,
              onSelect: () => void app.conversations.setMuted(key, !muted),
            },
          ],
        },
      ]}
    >
      <Icon name="more" size={20} />
    </Menu>
  );
}
