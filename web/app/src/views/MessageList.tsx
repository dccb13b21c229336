import { Fragment, type KeyboardEvent, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { useTexts } from '../i18n';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { type Conversation, useApp } from '../state/store';
import { continues, type Entry, sameDay } from '../state/timeline';
import { Message } from './Message';
import { firstUnreadKey, openingOf, rowAfterKey } from './reading';
import { useTimeText } from './time';

const nearBottomPx = 80;
const loadOlderWithinPx = 300;
/** Older pages fetched at the opening to find where the unread messages begin. */
const maxPagesToUnread = 4;
const roomAboveDividerPx = 12;

export function MessageList({ groupId }: { groupId: bigint }) {
  const conversation = useApp((state) => state.conversations.get(groupId));
  if (!conversation) return <div className="messages" aria-busy="true" />;
  return <LoadedMessages groupId={groupId} conversation={conversation} />;
}

/** Key of the row that the element is, or is in. */
function rowKeyOf(element: Element | null): string | undefined {
  return element?.closest<HTMLElement>('[data-row]')?.dataset.row;
}

function LoadedMessages({ groupId, conversation }: { groupId: bigint; conversation: Conversation }) {
  const texts = useTexts();
  const names = useNames();
  const time = useTimeText();
  const me = useApp((state) => state.me);
  const { entries, hasOlder, loadingOlder, unread } = conversation;
  // What was new when the conversation was opened stays marked while it is open.
  const [opening] = useState(() => openingOf(entries, conversation.readUntil));
  const firstUnread = firstUnreadKey(entries, opening, me);

  const scroller = useRef<HTMLDivElement>(null);
  const [isAtBottom, setIsAtBottom] = useState(firstUnread === undefined);
  const anchor = useRef({ firstKey: entries[0]?.key, newestKey: entries.at(-1)?.key, height: 0 });
  /** The list stays where the unread ones begin until the user scrolls: `top` is where that put it. */
  const unreadPlace = useRef({ isHeld: firstUnread !== undefined, pages: 0, top: 0 });

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const { firstKey, newestKey, height } = anchor.current;
    const newFirst = entries[0]?.key;
    const newest = entries.at(-1);
    // What one just wrote is to be seen, wherever one has scrolled to.
    const isJustWritten = newest !== undefined && newest.key !== newestKey && newest.senderId === me && newest.id === undefined;
    const divider = unreadPlace.current.isHeld ? element.querySelector('.divider-new') : null;
    if (isJustWritten || isAtBottom) {
      unreadPlace.current.isHeld = false;
      element.scrollTop = element.scrollHeight;
      setIsAtBottom(true);
    } else if (divider) {
      element.scrollTop += divider.getBoundingClientRect().top - element.getBoundingClientRect().top - roomAboveDividerPx;
      unreadPlace.current.top = element.scrollTop;
      setIsAtBottom(isNearBottom(element));
    } else if (newFirst !== firstKey) {
      element.scrollTop += element.scrollHeight - height;
    }
    anchor.current = { firstKey: newFirst, newestKey: newest?.key, height: element.scrollHeight };
  }, [entries, isAtBottom, me]);

  // There may be more unread ones than were fetched.
  const mayBeginEarlier = firstUnread !== undefined && firstUnread === entries[0]?.key && hasOlder && !loadingOlder;
  useEffect(() => {
    const place = unreadPlace.current;
    if (!mayBeginEarlier || !place.isHeld || place.pages >= maxPagesToUnread) return;
    place.pages += 1;
    void app.conversations.loadOlder(groupId);
  }, [groupId, mayBeginEarlier, firstUnread]);

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
    if (Math.abs(element.scrollTop - unreadPlace.current.top) > 2) unreadPlace.current.isHeld = false;
    setIsAtBottom(isNearBottom(element));
    if (element.scrollTop < loadOlderWithinPx && hasOlder && !unreadPlace.current.isHeld) {
      void app.conversations.loadOlder(groupId);
    }
  };

  const [chosenStop, setStop] = useState<string>();
  const stop = entries.some(({ key }) => key === chosenStop) ? chosenStop : entries.at(-1)?.key;
  const focusRow = (key: string | undefined) => {
    if (key !== undefined) scroller.current?.querySelector<HTMLElement>(`[data-row="${key}"]`)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const index = entries.findIndex(({ key }) => key === rowKeyOf(event.target as Element));
    const isRow = (event.target as HTMLElement).dataset.row !== undefined;
    if (isRow) {
      const next = rowAfterKey(event.key, index, entries.length);
      if (next === undefined) return;
      event.preventDefault();
      if (next === index && event.key === 'ArrowUp') void app.conversations.loadOlder(groupId);
      focusRow(entries[next]?.key);
    } else if (event.key === 'Escape' && index >= 0 && !(event.target as Element).closest('dialog')) {
      event.preventDefault();
      focusRow(entries[index]?.key);
    }
  };
  // What has the focus may be taken away by this rendering: read before it is.
  const focused = scroller.current?.contains(document.activeElement) ? rowKeyOf(document.activeElement) : undefined;
  useLayoutEffect(() => {
    if (focused === undefined || document.activeElement !== document.body) return;
    focusRow(entries.some(({ key }) => key === focused) ? focused : stop);
  });

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
        onScroll={onScroll}
        onKeyDown={onKeyDown}
        onFocus={(event) => setStop(rowKeyOf(event.target))}
      >
        <div className="messages-start">
          {hasOlder ? (
            <Button
              tone="quiet"
              tabIndex={-1}
              disabled={loadingOlder}
              onClick={() => void app.conversations.loadOlder(groupId)}
            >
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
                isStop={entry.key === stop}
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
            // The button goes away, and with it the focus.
            focusRow(entries.at(-1)?.key);
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

function isNearBottom(element: HTMLElement): boolean {
  return element.scrollHeight - element.scrollTop - element.clientHeight < nearBottomPx;
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
        : texts.conversation.readBy(readers.map(([userId]) => names.member(groupId, userId)).join(', '))}
    </p>
  );
}
