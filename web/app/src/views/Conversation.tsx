import { type DragEvent, type RefObject, useEffect, useRef, useState } from 'react';
import { Avatar } from '../components/Avatar';
import { Button, IconButton } from '../components/Button';
import { isTouch } from '../components/focus';
import { useTexts } from '../i18n';
import { enterMeeting } from '../meeting/prejoin';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { navigate, useRoute } from '../state/route';
import { liveMeetingOf, useApp } from '../state/store';
import { Composer } from './Composer';
import { LiveMeetingCard } from './LiveMeetingCard';
import { MessageList } from './MessageList';
import { useMutedUntil } from './muted';

/** The conversation of a group, with its meeting on top while there is one. */
export function Conversation({ groupId }: { groupId: bigint }) {
  useEffect(() => {
    void app.groups.refreshMembers(groupId);
    void app.conversations.askReads(groupId);
  }, [groupId]);
  const title = useRef<HTMLHeadingElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => (isTouch() ? title : field).current?.focus(), []);
  const { conversation: texts } = useTexts();
  const mutedUntil = useMutedUntil(groupId);
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
    void app.conversations.sendFiles(groupId, [...event.dataTransfer.files]);
  };
  return (
    <section className="conversation" onDragOver={onDragOver} onDragLeave={onDragLeave} onDrop={onDrop}>
      {isOver && <p className="drop-note">{texts.dropHere}</p>}
      <ConversationHeader groupId={groupId} title={title} />
      <LiveMeetingCard groupId={groupId} />
      <MessageList groupId={groupId} />
      <Composer groupId={groupId} field={field} />
    </section>
  );
}

function ConversationHeader({ groupId, title }: { groupId: bigint; title: RefObject<HTMLHeadingElement | null> }) {
  const texts = useTexts();
  const names = useNames();
  const { view } = useRoute();
  const memberCount = useApp((state) => state.members.get(groupId)?.length);
  const isLive = useApp((state) => liveMeetingOf(state, groupId) !== undefined);
  const isStarting = useApp((state) => state.starting === groupId);
  const isOffline = useApp((state) => state.connection !== 'online');
  const areMembersShown = view === 'members';
  return (
    <header className="pane-header">
      <IconButton
        className="only-narrow"
        icon="back"
        label={texts.common.back}
        onClick={() => navigate({ view: 'conversation' })}
      />
      <Avatar id={groupId} name={names.group(groupId)} size={36} />
      <div className="pane-title">
        <h2 ref={title} tabIndex={-1}>
          {names.group(groupId)}
        </h2>
        {memberCount !== undefined && <small>{texts.conversation.membersCount(memberCount)}</small>}
      </div>
      {!isLive && (
        <Button
          tone="primary"
          icon="camera"
          className="start-meeting"
          disabled={isStarting || isOffline}
          onClick={() => enterMeeting({ groupId })}
        >
          {isStarting ? texts.meeting.starting : texts.meeting.start}
        </Button>
      )}
      <IconButton
        icon="people"
        label={texts.conversation.showMembers}
        aria-pressed={areMembersShown}
        onClick={() => navigate({ groupId, view: areMembersShown ? 'conversation' : 'members' })}
      />
    </header>
  );
}
