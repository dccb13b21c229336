import { Fragment, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { useTexts } from '../i18n';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { type Conversation, useApp } from '../state/store';
import { continues, type Entry, sameDay } from '../state/timeline';
import { Message } from './Message';
import { useTimeText } from './time';

const nearBottomPx = 80;
const loadOlderWithinPx = 300;

export function MessageList({ groupId }: { groupId: bigint }) {
  const conversation = useApp((state) => state.conversations.get(groupId));
  if (!conversation) return <div className="messages" aria-busy="true" />;
  return <LoadedMessages groupId={groupId} conversation={conversation} />;
}

function LoadedMessages({ groupId, conversation }: { groupId: bigint; conversation: Conversation }) {
  const texts = useTexts();
  const names = useNames();
  const time = useTimeText();
  const me = useApp((state) => state.me);
  const { entries, hasOlder, loadingOlder, unread } = conversation;
  // What was new when the conversation was opened stays marked while it is open.
  const [firstUnread] = useState(
    () => entries.find(({ senderId, sentAt }) => senderId !== me && sentAt > conversation.readUntil)?.key,
  );

  const scroller = useRef<HTMLDivElement>(null);
  const [isAtBottom, setIsAtBottom] = useState(true);
  const anchor = useRef({ firstKey: entries[0]?.key, height: 0 });

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const { firstKey, height } = anchor.current;
    const newFirst = entries[0]?.key;
    if (isAtBottom) element.scrollTop = element.scrollHeight;
    else if (newFirst !== firstKey) element.scrollTop += element.scrollHeight - height;
    anchor.current = { firstKey: newFirst, height: element.scrollHeight };
  }, [entries, isAtBottom]);

  // The list shrinks when the keyboard of a phone opens or the meeting's card appears.
  useEffect(() => {
    const element = scroller.current;
    if (!element || !isAtBottom) return undefined;
    const observer = new ResizeObserver(() => {
      element.scrollTop = element.scrollHeight;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [isAtBottom]);

  const markRead = useCallback(() => {
    if (isAtBottom && document.visibilityState === 'visible' && document.hasFocus()) {
      void app.conversations.markRead(groupId);
    }
  }, [groupId, isAtBottom]);
  useEffect(() => {
    markRead();
    window.addEventListener('focus', markRead);
    document.addEventListener('visibilitychange', markRead);
    return () => {
      window.removeEventListener('focus', markRead);
      document.removeEventListener('visibilitychange', markRead);
    };
  }, [markRead, unread]);

  const onScroll = () => {
    const element = scroller.current;
    if (!element) return;
    setIsAtBottom(element.scrollHeight - element.scrollTop - element.clientHeight < nearBottomPx);
    if (element.scrollTop < loadOlderWithinPx && hasOlder) void app.conversations.loadOlder(groupId);
  };

  const ended = useMeetingIds(entries);
  useEffect(() => {
    void app.meetings.learn(ended);
  }, [ended]);

  return (
    <div className="messages-frame">
      <div
        ref={scroller}
        className="messages"
        role="log"
        aria-label={texts.conversation.messages(names.group(groupId))}
        tabIndex={0}
        onScroll={onScroll}
      >
        <div className="messages-start">
          {hasOlder ? (
            <Button tone="quiet" disabled={loadingOlder} onClick={() => void app.conversations.loadOlder(groupId)}>
              {loadingOlder ? texts.common.loading : texts.conversation.older}
            </Button>
          ) : (
            <p>{texts.conversation.beginning}</p>
          )}
        </div>
        {entries.map((entry, index) => {
          const previous = entries[index - 1];
          const isFirstUnread = entry.key === firstUnread;
          return (
            <Fragment key={entry.key}>
              {(!previous || !sameDay(previous.sentAt, entry.sentAt)) && (
                <div className="divider">
                  <span>{time.day(entry.sentAt)}</span>
                </div>
              )}
              {isFirstUnread && (
                <div className="divider divider-new">
                  <span>{texts.conversation.newMessages}</span>
                </div>
              )}
              <Message
                groupId={groupId}
                entry={entry}
                isContinued={!isFirstUnread && continues(previous, entry)}
                me={me}
              />
            </Fragment>
          );
        })}
        <ReadBy groupId={groupId} conversation={conversation} />
      </div>
      {!isAtBottom && (
        <Button
          className="jump"
          onClick={() => {
            setIsAtBottom(true);
          }}
        >
          <Icon name="down" size={16} />
          {texts.conversation.jumpToNewest}
          {unread > 0 && <span className="badge">{unread}</span>}
        </Button>
      )}
    </div>
  );
}

/** Ids of the meetings that the entries tell of; the same array as long as they are the same. */
function useMeetingIds(entries: Entry[]): bigint[] {
  const ids = entries.flatMap(({ system }) => (system?.kind === 'meeting' ? [system.meeting.id] : []));
  const [kept, setKept] = useState<bigint[]>(ids);
  if (ids.length === kept.length && ids.every((id, index) => id === kept[index])) return kept;
  setKept(ids);
  return ids;
}

/** Who has read the user's last message. */
function ReadBy({ groupId, conversation }: { groupId: bigint; conversation: Conversation }) {
  const texts = useTexts();
  const names = useNames();
  const me = useApp((state) => state.me);
  const members = useApp((state) => state.members.get(groupId));
  const last = conversation.entries.at(-1);
  const lastKey = last?.key;
  const isMine = last !== undefined && last.senderId === me && last.status === 'sent' && !last.system;
  const readers = isMine
    ? [...conversation.reads].filter(([userId, readAt]) => userId !== me && readAt >= last.sentAt)
    : [];
  const isByAll = members !== undefined && readers.length >= members.length - 1;
  const isOpen = isMine && !isByAll;
  // The server tells nobody when others read: it is asked, ever more rarely.
  useEffect(() => {
    if (!isOpen) return undefined;
    let pauseMs = 1500;
    let timer: ReturnType<typeof setTimeout>;
    const ask = () => {
      if (document.visibilityState === 'visible') void app.conversations.askReads(groupId);
      timer = setTimeout(ask, pauseMs);
      pauseMs = Math.min(pauseMs * 2, 60_000);
    };
    timer = setTimeout(ask, pauseMs);
    return () => clearTimeout(timer);
  }, [groupId, lastKey, isOpen]);
  if (readers.length === 0) return null;
  return (
    <p className="read-by">
      <Icon name="check" size={14} />
      {isByAll
        ? texts.conversation.readByAll
        : texts.conversation.readBy(readers.map(([userId]) => names.user(userId)).join(', '))}
    </p>
  );
}
