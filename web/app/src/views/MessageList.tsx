import { type KeyboardEvent, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { Virtualizer, type VirtualizerHandle } from 'virtua';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { useTexts } from '../i18n';
import { type ConversationKey, personIdOf } from '../state/conversationKey';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { clearSpot, useSpot } from '../state/spot';
import { type Conversation, useApp } from '../state/store';
import { continues, type Entry, sameDay } from '../state/timeline';
import { Message } from './Message';
import { ReadBy } from './ReadBy';
import { firstUnreadKey, rowAfterKey } from './reading';
import { useBottom } from './scrolling';
import { useTimeText } from './time';
import { countText } from './count';

const loadWithinPx = 300;
const roomAboveDividerPx = 12;
/** How long a message that was looked for stands out. */
const shownForMs = 2000;
/** Of what stands above the rows; as in the style sheet. */
const startHeightPx = 56;

export function MessageList({ conversationKey: key }: { conversationKey: ConversationKey }) {
  const conversation = useApp((state) => state.conversations.get(key));
  if (!conversation?.isLoaded) return <div className="messages-frame" aria-busy="true" />;
  return <LoadedMessages conversationKey={key} conversation={conversation} />;
}

/** Key of the row that the element is, or is in. */
function rowKeyOf(element: Element | null): string | undefined {
  return element?.closest<HTMLElement>('[data-row]')?.dataset.row;
}

interface LoadedProps {
  conversationKey: ConversationKey;
  conversation: Conversation;
}

function LoadedMessages({ conversationKey: key, conversation }: LoadedProps) {
  const texts = useTexts();
  const names = useNames();
  const me = useApp((state) => state.me);
  const { entries, hasOlder, hasNewer, isLoadingMore, unread } = conversation;
  // What was new when the conversation was opened stays marked while it is open.
  const [opening] = useState(() => ({ read: conversation.readSequence, newest: conversation.lastSequence }));
  const firstUnread = useMemo(() => firstUnreadKey(entries, opening, me), [entries, opening, me]);

  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const list = useRef<VirtualizerHandle>(null);
  const bottom = useBottom(scroller, content, firstUnread === undefined && !hasNewer);
  const { stick, letGo } = bottom;
  const isAtBottom = bottom.isAtBottom && !hasNewer;
  const isPrepended = useIsPrepended(entries);

  // The place at which the conversation is opened.
  useLayoutEffect(() => {
    const index = entries.findIndex((entry) => entry.key === firstUnread);
    if (index >= 0) list.current?.scrollToIndex(index, { align: 'start', offset: -roomAboveDividerPx });
    // Only when it is opened.
  }, []);

  // What one just wrote is to be seen, wherever one has scrolled to.
  const newest = entries.at(-1);
  const written = newest?.senderId === me && newest.id === undefined ? newest.key : undefined;
  useLayoutEffect(() => {
    if (written !== undefined) stick();
  }, [written, stick]);

  const shown = useShownSpot(key, entries, (index) => {
    letGo();
    list.current?.scrollToIndex(index, { align: 'center' });
  });

  const markRead = useCallback(() => {
    if (isAtBottom && document.visibilityState === 'visible' && document.hasFocus()) void app.conversations.markRead(key);
  }, [key, isAtBottom]);
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
    bottom.noteScroll();
    if (element.scrollTop < loadWithinPx && hasOlder) void app.conversations.loadOlder(key);
    const below = element.scrollHeight - element.scrollTop - element.clientHeight;
    if (below < loadWithinPx && hasNewer) void app.conversations.loadNewer(key);
  };

  const rows = useRowFocus(scroller, list, entries, letGo, () => void app.conversations.loadOlder(key));
  const kept = useMemo(() => entries.flatMap((entry, index) => (entry.key === rows.stop ? [index] : [])), [entries, rows.stop]);

  const meetings = useMeetingIds(entries);
  useEffect(() => {
    void app.meetings.learn(meetings);
  }, [meetings]);
  const answered = useMemo(() => {
    const here = new Set(entries.map(({ id }) => id));
    return entries.flatMap(({ replyTo }) => (replyTo === undefined || here.has(replyTo) ? [] : [replyTo]));
  }, [entries]);
  useEffect(() => {
    void app.conversations.needQuoted(answered);
  }, [answered]);

  return (
    <div className="messages-frame">
      <div
        ref={scroller}
        className="messages"
        role="log"
        aria-label={
          personIdOf(key) === undefined
            ? texts.conversation.messages(names.conversation(key))
            : texts.conversation.messagesWith(names.conversation(key))
        }
        onScroll={onScroll}
        onKeyDown={rows.onKeyDown}
        onFocus={(event) => rows.setStop(rowKeyOf(event.target))}
      >
        <div ref={content}>
          <div className="messages-start">
            {hasOlder ? (
              <Button tone="quiet" tabIndex={-1} disabled={isLoadingMore} onClick={() => void app.conversations.loadOlder(key)}>
                {isLoadingMore ? texts.common.loading : texts.conversation.older}
              </Button>
            ) : (
              <p>{texts.conversation.beginning}</p>
            )}
          </div>
          <Virtualizer
            ref={list}
            scrollRef={scroller}
            startMargin={startHeightPx}
            data={entries}
            shift={isPrepended}
            keepMounted={kept}
          >
            {(entry, index) => (
              <Row
                key={entry.key}
                conversationKey={key}
                entry={entry}
                previous={entries[index - 1]}
                isFirstUnread={entry.key === firstUnread}
                isShown={entry.key === shown}
                isStop={entry.key === rows.stop}
                me={me}
              />
            )}
          </Virtualizer>
          {!hasNewer && <ReadBy conversationKey={key} conversation={conversation} />}
        </div>
      </div>
      {!isAtBottom && (
        <Button
          className="jump"
          onClick={() => {
            void app.conversations.showNewest(key).then(() => {
              stick();
              // The button goes away, and with it the focus.
              rows.focusRow(entries.at(-1)?.key);
            });
          }}
        >
          <Icon name="down" size={16} />
          {texts.conversation.jumpToNewest}
          {unread > 0 && <span className="badge">{countText(unread)}</span>}
        </Button>
      )}
    </div>
  );
}

interface RowProps {
  conversationKey: ConversationKey;
  entry: Entry;
  previous: Entry | undefined;
  isFirstUnread: boolean;
  isShown: boolean;
  isStop: boolean;
  me: bigint;
}

function Row({ conversationKey, entry, previous, isFirstUnread, isShown, isStop, me }: RowProps) {
  const texts = useTexts();
  const time = useTimeText();
  return (
    <>
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
        conversationKey={conversationKey}
        entry={entry}
        isContinued={!isFirstUnread && continues(previous, entry)}
        isShown={isShown}
        me={me}
        isStop={isStop}
      />
    </>
  );
}

/** Whether this rendering has rows before those of the last one, which the list then keeps in their place. */
function useIsPrepended(entries: readonly Entry[]): boolean {
  const before = useRef<string | undefined>(entries[0]?.key);
  const [isPrepended, first] = useMemo(() => {
    const wasFirst = before.current;
    const now = entries[0]?.key;
    return [wasFirst !== undefined && now !== wasFirst && entries.some(({ key }) => key === wasFirst), now];
  }, [entries]);
  useEffect(() => {
    before.current = first;
  }, [first]);
  return isPrepended;
}

/** Goes to the message that is to be shown in this conversation, once it is here; the key of the one that stands out. */
function useShownSpot(key: ConversationKey, entries: readonly Entry[], goTo: (index: number) => void): string | undefined {
  const spot = useSpot(key);
  const [shown, setShown] = useState<string>();
  const go = useRef(goTo);
  useEffect(() => {
    go.current = goTo;
  });
  const index = spot ? entries.findIndex(({ sequence }) => sequence === spot.sequence) : -1;
  const found = entries[index]?.key;
  useEffect(() => {
    if (spot && found === undefined) void app.conversations.showPlace(spot.key, spot.sequence);
  }, [spot, found]);
  useEffect(() => {
    if (found === undefined) return;
    go.current(index);
    setShown(found);
    clearSpot();
  }, [found, index]);
  useEffect(() => {
    if (shown === undefined) return undefined;
    const timer = setTimeout(() => setShown(undefined), shownForMs);
    return () => clearTimeout(timer);
  }, [shown]);
  return shown;
}

/** The list as one stop of the keyboard: arrows lead from row to row, also to those that are not in the page yet. */
function useRowFocus(
  scroller: React.RefObject<HTMLDivElement | null>,
  list: React.RefObject<VirtualizerHandle | null>,
  entries: readonly Entry[],
  leaveBottom: () => void,
  onBeforeFirst: () => void,
) {
  const [chosenStop, setStop] = useState<string>();
  const stop = chosenStop !== undefined && entries.some(({ key }) => key === chosenStop) ? chosenStop : entries.at(-1)?.key;
  /** A row that gets the focus as soon as it is in the page. */
  const [wanted, setWanted] = useState<string>();
  const elementOf = (key: string) => scroller.current?.querySelector<HTMLElement>(`[data-row="${key}"]`);
  const focusRow = (key: string | undefined) => {
    if (key === undefined) return;
    const index = entries.findIndex((entry) => entry.key === key);
    if (index < 0) return;
    setStop(key);
    const element = elementOf(key);
    if (element) {
      element.focus({ preventScroll: true });
      if (index < entries.length - 1) leaveBottom();
      list.current?.scrollToIndex(index, { align: 'nearest' });
    } else {
      if (index < entries.length - 1) leaveBottom();
      setWanted(key);
      list.current?.scrollToIndex(index, { align: 'nearest' });
    }
  };
  useLayoutEffect(() => {
    if (wanted === undefined) return;
    const element = elementOf(wanted);
    if (!element) return;
    element.focus({ preventScroll: true });
    setWanted(undefined);
  });
  const onKeyDown = (event: KeyboardEvent) => {
    const index = entries.findIndex(({ key }) => key === rowKeyOf(event.target as Element));
    const isRow = (event.target as HTMLElement).dataset.row !== undefined;
    if (isRow) {
      const next = rowAfterKey(event.key, index, entries.length);
      if (next === undefined) return;
      event.preventDefault();
      if (next === index && event.key === 'ArrowUp') onBeforeFirst();
      focusRow(entries[next]?.key);
    } else if (event.key === 'Escape' && index >= 0 && !(event.target as Element).closest('dialog, [popover]')) {
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
  return { stop, setStop, focusRow, onKeyDown };
}

/** Ids of the meetings that the entries tell of; the same array as long as they are the same. */
function useMeetingIds(entries: readonly Entry[]): bigint[] {
  const ids = entries.flatMap(({ system }) => (system?.kind === 'meeting' ? [system.meeting.id] : []));
  const [kept, setKept] = useState<bigint[]>(ids);
  if (ids.length === kept.length && ids.every((id, index) => id === kept[index])) return kept;
  setKept(ids);
  return ids;
}
