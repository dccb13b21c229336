import { type ChatMessage, type Conversation as Summary, type FoundMessage, StatusCode, TurmsError } from 'turms-client';
import type { Context } from './context';
import { type ConversationKey, groupIdOf, groupKey, keyOf, keyOfMessage, personIdOf, personKey, refOf } from './conversationKey';
import type { GroupsController } from './groups';
import { isUnsent, type Outbox } from './outbox';
import { type Conversation, emptyConversation, withEntry } from './store';
import {
  applyEdit,
  applyReactions,
  applyRecall,
  countUnread,
  type Entry,
  isRecallNotice,
  isUnread,
  mergeMessages,
  newestSequence,
  toEntry,
} from './timeline';

export const pageSize = 50;
/** The server counts no further. */
export const maxUnread = 1000;
const maxFound = 50;
const listPage = 1000;
const maxListPages = 5;
const typingShownMs = 6000;
const readsAskedEveryMs = 1000;
/** Of many unread messages so many are fetched at the opening, with so many before them. */
const maxUnreadShown = 300;
const readShown = 10;
/** Pages fetched to close in on a newest message that moves on meanwhile. */
const maxCatchUpPages = 20;

/** The list of conversations, and what was written in those that were opened: history, reading, typing. */
export class ConversationsController {
  private readonly readsAsked = new Map<ConversationKey, number>();
  private readonly marking = new Set<ConversationKey>();
  private readonly loading = new Map<ConversationKey, Promise<void>>();
  private readonly quotesAsked = new Set<bigint>();

  constructor(
    private readonly context: Context,
    private readonly groups: GroupsController,
    private readonly outbox: Outbox,
    /** Called for messages that arrive, as opposed to those of the history. */
    private readonly onArrived: (message: ChatMessage) => void,
    /** Called when a conversation was loaded. */
    private readonly onLoaded: (key: ConversationKey) => void,
  ) {
    const { client } = context;
    client.on('message', ({ message }) => {
      const key = keyOfMessage(message, context.state.me);
      if (key === undefined) return;
      this.clearTyping(key, message.senderId);
      this.noteArrived(key, message);
      if (!isRecallNotice(message)) this.onArrived(message);
    });
    client.on('messageUpdated', ({ messageId, at, text, recalledAt }) => {
      if (recalledAt !== undefined) this.noteRecalled(messageId);
      else if (text !== undefined) this.changeMessage(messageId, (entries) => applyEdit(entries, messageId, text, at));
    });
    client.on('reaction', (reaction) => {
      this.groups.needProfiles([reaction.by]);
      this.changeMessage(reaction.messageId, (entries) => applyReactions(entries, reaction));
    });
    client.on('messagePinned', ({ messageId }) => {
      for (const [key, pinned] of context.state.pins) {
        const isHere = context.state.conversations.get(key)?.entries.some(({ id }) => id === messageId);
        if (isHere || pinned.some(({ id }) => id === messageId)) void this.refreshPins(key);
      }
    });
    client.on('typing', ({ userId, groupId }) => {
      if (userId !== context.state.me) this.noteTyping(groupId === undefined ? personKey(userId) : groupKey(groupId), userId);
    });
    client.on('readPosition', ({ by, sequence, readAt, groupId, userId }) => {
      if (by === context.state.me) {
        if (groupId !== undefined || userId !== undefined) this.noteRead(keyOf(groupId !== undefined ? { groupId } : { userId: userId! }), sequence);
      } else if (groupId !== undefined) {
        this.update(groupKey(groupId), ({ reads }) => ({ reads: withEntry(reads, by, readAt) }));
      } else {
        this.update(personKey(by), () => ({ theirReadSequence: sequence }));
      }
    });
    client.on('resumed', ({ complete }) => {
      void this.afterResume(complete);
    });
  }

  /** Fetches the list: what there is, and how much of it is unread. */
  async refreshList(): Promise<void> {
    try {
      const summaries: Summary[] = [];
      for (let page = 0; page < maxListPages; page += 1) {
        const part = await this.context.client.conversations.list({ skip: page * listPage, limit: listPage });
        summaries.push(...part);
        if (part.length < listPage) break;
      }
      this.putList(summaries);
    } catch {
      // The connection's own state says what is wrong; the next sign-in fetches again.
    }
  }

  /** Sees to it that the conversation is in the list, such as one that nobody has written in yet. */
  ensure(key: ConversationKey): void {
    if (!this.context.state.conversations.has(key)) this.put(key, emptyConversation);
    const person = personIdOf(key);
    if (person !== undefined) this.groups.needProfiles([person]);
  }

  /** Loads the newest messages, unless they are here. */
  async open(key: ConversationKey): Promise<void> {
    this.ensure(key);
    if (!this.context.state.conversations.get(key)!.isLoaded) await this.load(key);
  }

  /** Fetches the newest page. */
  load(key: ConversationKey): Promise<void> {
    const running = this.loading.get(key);
    if (running) return running;
    const loading = this.fetchNewest(key)
      // The connection's own state says what is wrong; the next sign-in loads again.
      .catch(() => {})
      .finally(() => this.loading.delete(key));
    this.loading.set(key, loading);
    return loading;
  }

  async loadOlder(key: ConversationKey): Promise<void> {
    const first = this.context.state.conversations.get(key)?.entries[0]?.sequence;
    if (first === undefined || !this.context.state.conversations.get(key)?.hasOlder) return;
    await this.loadMore(key, async () => {
      const page = await this.context.client.conversations.before(refOf(key), first, pageSize);
      return { messages: page.messages, change: { hasOlder: page.hasOlder } };
    });
  }

  async loadNewer(key: ConversationKey): Promise<void> {
    const conversation = this.context.state.conversations.get(key);
    if (!conversation?.hasNewer) return;
    await this.loadMore(key, async () => {
      const after = newestSequence(conversation.entries);
      const { messages, more } = await this.context.client.conversations.missed(refOf(key), after, pageSize);
      return { messages, change: { hasNewer: more } };
    });
  }

  /** Makes the message with this place one of those that are here, in place of a stretch that it is not in. */
  async showPlace(key: ConversationKey, sequence: bigint): Promise<boolean> {
    await this.open(key);
    const has = () => this.context.state.conversations.get(key)?.entries.some((entry) => entry.sequence === sequence) ?? false;
    if (has()) return true;
    return this.context.attempt(async () => {
      const half = BigInt(pageSize / 2);
      const after = sequence > half ? sequence - half : 0n;
      const { messages, more } = await this.context.client.conversations.missed(refOf(key), after, pageSize);
      const entries = mergeMessages(this.unsentOf(key), messages, this.context.state.me);
      this.update(key, () => ({ entries, hasOlder: after > 0n, hasNewer: more }));
      this.needNames(messages);
    });
  }

  /** Back to the newest messages, when the stretch that is here does not reach them. */
  async showNewest(key: ConversationKey): Promise<void> {
    if (this.context.state.conversations.get(key)?.hasNewer) await this.load(key);
  }

  /** To be called while the newest messages are on the screen. */
  async markRead(key: ConversationKey): Promise<void> {
    const conversation = this.context.state.conversations.get(key);
    if (!conversation || (conversation.unread === 0 && !conversation.mentioned) || this.marking.has(key)) return;
    const { lastSequence } = conversation;
    this.marking.add(key);
    try {
      await this.context.client.conversations.markRead(refOf(key), lastSequence);
    } catch (error) {
      const isAhead = error instanceof TurmsError && error.code === StatusCode.ReadDateMovedBack;
      if (!isAhead) return;
    } finally {
      this.marking.delete(key);
    }
    this.noteRead(key, lastSequence);
  }

  /** Asks until when the others in a group have read. */
  async askReads(key: ConversationKey): Promise<void> {
    const groupId = groupIdOf(key);
    const now = Date.now();
    if (groupId === undefined || now - (this.readsAsked.get(key) ?? 0) < readsAskedEveryMs) return;
    this.readsAsked.set(key, now);
    try {
      const reads = (await this.context.client.messages.groupReadDates([groupId])).get(groupId);
      if (reads) this.update(key, () => ({ reads }));
    } catch {
      // Asked again the next time.
    }
  }

  /** Fetches what these messages answer, of which nothing is here. */
  async needQuoted(ids: readonly bigint[]): Promise<void> {
    const missing = ids.filter((id) => !this.context.state.quoted.has(id) && !this.quotesAsked.has(id));
    if (missing.length === 0) return;
    for (const id of missing) this.quotesAsked.add(id);
    try {
      const found = new Map((await this.context.client.messages.byIds(missing)).map((message) => [message.id, message]));
      const quoted = new Map(this.context.state.quoted);
      for (const id of missing) {
        const message = found.get(id);
        quoted.set(id, message ? toEntry(message) : 'gone');
      }
      this.context.set({ quoted });
      this.needNames([...found.values()]);
    } catch {
      for (const id of missing) this.quotesAsked.delete(id);
    }
  }

  async refreshPins(key: ConversationKey): Promise<void> {
    try {
      const messages = await this.context.client.conversations.pinnedMessages(refOf(key));
      this.context.set({ pins: withEntry(this.context.state.pins, key, messages.map(toEntry)) });
      this.needNames(messages);
    } catch {
      // Asked again at the next opening.
    }
  }

  /** Messages everywhere with the words in them, best first. */
  async search(query: string): Promise<FoundMessage[]> {
    const found = await this.context.client.conversations.search(query, { limit: maxFound });
    this.needNames(found.map(({ message }) => message));
    return found;
  }

  setPinned(key: ConversationKey, pinned: boolean): Promise<boolean> {
    return this.context.attempt(async () => {
      await this.context.client.conversations.setPinned(refOf(key), pinned);
      this.update(key, () => ({ pinned }));
    });
  }

  setMuted(key: ConversationKey, muted: boolean): Promise<boolean> {
    return this.context.attempt(async () => {
      await this.context.client.conversations.setMuted(refOf(key), muted);
      this.update(key, () => ({ muted }));
    });
  }

  reset(): void {
    this.readsAsked.clear();
    this.quotesAsked.clear();
  }

  /** Changes one conversation that is in the list. */
  update(key: ConversationKey, change: (conversation: Conversation) => Partial<Conversation>): void {
    const conversation = this.context.state.conversations.get(key);
    if (conversation) this.put(key, { ...conversation, ...change(conversation) });
  }

  /** Changes the entries of the conversation in which the message is. */
  changeMessage(messageId: bigint, change: (entries: Entry[]) => Entry[]): void {
    for (const [key, { entries, last }] of this.context.state.conversations) {
      const isHere = entries.some(({ id }) => id === messageId);
      const isLast = last?.id === messageId;
      if (!isHere && !isLast) continue;
      this.update(key, () => ({ ...(isHere && { entries: change(entries) }), ...(isLast && { last: change([last])[0] }) }));
    }
  }

  noteRecalled(messageId: bigint): void {
    const { me, conversations } = this.context.state;
    for (const [key, { entries, last, readSequence, unread }] of conversations) {
      const recalled = entries.find(({ id }) => id === messageId) ?? (last?.id === messageId ? last : undefined);
      if (!recalled) continue;
      const wasUnread = isUnread(recalled, readSequence, me);
      this.update(key, () => ({
        entries: applyRecall(entries, messageId),
        ...(last?.id === messageId && { last: applyRecall([last], messageId)[0] }),
        ...(wasUnread && { unread: Math.max(0, unread - 1) }),
      }));
    }
  }

  private putList(summaries: readonly Summary[]): void {
    const known = this.context.state.conversations;
    const conversations = new Map(known);
    for (const summary of summaries) {
      const key = keyOf(summary.ref);
      const current = known.get(key) ?? emptyConversation;
      const { lastMessage, lastSequence, readSequence, theirReadSequence, unread, mentioned, pinned, muted } = summary;
      conversations.set(key, {
        ...current,
        lastSequence,
        readSequence,
        theirReadSequence,
        unread,
        mentioned,
        pinned,
        muted,
        ...(lastMessage && { last: toEntry(lastMessage) }),
      });
    }
    this.context.set({ conversations, conversationsLoaded: true });
    this.needNames(summaries.flatMap(({ lastMessage }) => lastMessage ?? []));
    this.groups.needProfiles(summaries.flatMap(({ ref }) => ('userId' in ref ? [ref.userId] : [])));
  }

  private async fetchNewest(key: ConversationKey): Promise<void> {
    const { client } = this.context;
    const ref = refOf(key);
    const last = this.context.state.conversations.get(key)?.lastSequence ?? 0n;
    const read = this.context.state.conversations.get(key)?.readSequence ?? 0n;
    // As far back as the first unread one, and somewhat further, when that is not too far.
    const wanted = BigInt(Math.max(pageSize, Math.min(maxUnreadShown, Number(last - read) + readShown)));
    const after = last > wanted ? last - wanted : 0n;
    const messages: ChatMessage[] = [];
    let through = after;
    for (let page = 0; page < maxCatchUpPages; page += 1) {
      const missed = await client.conversations.missed(ref, through, maxUnreadShown);
      messages.push(...missed.messages);
      through = missed.through;
      if (!missed.more) break;
    }
    const { me } = this.context.state;
    const current = this.context.state.conversations.get(key);
    if (!current) return;
    const reaches = current.isLoaded && !current.hasNewer && newestSequence(current.entries) >= after;
    const kept = reaches ? current.entries : current.isLoaded ? current.entries.filter(isUnsent) : this.outbox.take(key);
    const entries = mergeMessages(kept, messages, me);
    this.put(key, {
      ...current,
      entries,
      isLoaded: true,
      hasOlder: reaches ? current.hasOlder : after > 0n,
      hasNewer: false,
      isLoadingMore: false,
      ...lastOf(current, entries),
    });
    this.needNames(messages);
    this.onLoaded(key);
  }

  private async loadMore(
    key: ConversationKey,
    fetch: () => Promise<{ messages: ChatMessage[]; change: Partial<Conversation> }>,
  ): Promise<void> {
    if (this.context.state.conversations.get(key)?.isLoadingMore) return;
    this.update(key, () => ({ isLoadingMore: true }));
    await this.context.attempt(async () => {
      const { messages, change } = await fetch();
      this.update(key, ({ entries }) => ({ entries: mergeMessages(entries, messages, this.context.state.me), ...change }));
      this.needNames(messages);
    });
    this.update(key, () => ({ isLoadingMore: false }));
  }

  private unsentOf(key: ConversationKey): Entry[] {
    return this.context.state.conversations.get(key)?.entries.filter(isUnsent) ?? [];
  }

  private noteArrived(key: ConversationKey, message: ChatMessage): void {
    const { me } = this.context.state;
    if (isRecallNotice(message)) {
      if (message.system?.kind === 'recalled') this.noteRecalled(message.system.messageId);
      this.update(key, ({ lastSequence }) => ({ lastSequence: max(lastSequence, message.sequence) }));
      return;
    }
    const entry = toEntry(message);
    this.ensure(key);
    this.update(key, (conversation) => {
      const { lastSequence, readSequence, unread, mentioned, isLoaded, hasNewer, entries, last } = conversation;
      const isNew = entry.sequence === undefined || entry.sequence > lastSequence;
      const counts = isNew && isUnread(entry, readSequence, me);
      return {
        ...(isLoaded && !hasNewer && { entries: mergeMessages(entries, [message], me) }),
        ...((!last || isNew) && { last: entry }),
        lastSequence: max(lastSequence, message.sequence),
        unread: counts ? Math.min(maxUnread, unread + 1) : unread,
        mentioned: mentioned || (counts && message.text.includes(`@{${me}}`)),
        // Who writes has read.
        ...(message.senderId === me && message.sequence !== undefined && { readSequence: max(readSequence, message.sequence), unread: 0, mentioned: false }),
      };
    });
    this.needNames([message]);
  }

  private async afterResume(complete: boolean): Promise<void> {
    await this.refreshList();
    for (const [key, { isLoaded }] of this.context.state.conversations) {
      if (!isLoaded) continue;
      // There may be a hole between what is here and the newest page.
      if (!complete) this.update(key, ({ entries }) => ({ entries: entries.filter(isUnsent), hasOlder: true }));
      // Edits are not delivered again: the newest page shows them.
      await this.load(key);
    }
  }

  needNames(messages: readonly ChatMessage[]): void {
    this.groups.needProfiles(
      messages.flatMap(({ senderId, system, text, reactions }) => [
        senderId,
        ...(system?.kind === 'meeting' ? [system.meeting.creatorId] : []),
        ...[...text.matchAll(/@\{(\d{1,19})\}/g)].map(([, id]) => BigInt(id!)),
        ...(reactions ?? []).flatMap(({ userIds }) => userIds),
      ]),
    );
  }

  private noteTyping(key: ConversationKey, userId: bigint): void {
    this.groups.needProfiles([userId]);
    const until = Date.now() + typingShownMs;
    const here = withEntry(this.context.state.typing.get(key) ?? new Map<bigint, number>(), userId, until);
    this.context.set({ typing: withEntry(this.context.state.typing, key, here) });
    setTimeout(() => {
      const current = this.context.state.typing.get(key)?.get(userId);
      if (current === until) this.clearTyping(key, userId);
    }, typingShownMs);
  }

  private clearTyping(key: ConversationKey, userId: bigint): void {
    const here = this.context.state.typing.get(key);
    if (!here?.has(userId)) return;
    const rest = withEntry(here, userId, undefined);
    this.context.set({ typing: withEntry(this.context.state.typing, key, rest.size === 0 ? undefined : rest) });
  }

  private noteRead(key: ConversationKey, sequence: bigint): void {
    this.update(key, ({ readSequence, lastSequence, entries, isLoaded, unread, mentioned }) => {
      if (sequence < readSequence) return {};
      if (sequence >= lastSequence) return { readSequence: sequence, unread: 0, mentioned: false };
      return {
        readSequence: sequence,
        unread: isLoaded ? countUnread(entries, sequence, this.context.state.me) : unread,
        mentioned,
      };
    });
  }

  private put(key: ConversationKey, conversation: Conversation): void {
    // Those that are not sent come last.
    const hadUnsent = isUnsent(this.context.state.conversations.get(key)?.entries.at(-1));
    this.context.set({ conversations: withEntry(this.context.state.conversations, key, conversation) });
    if (hadUnsent || isUnsent(conversation.entries.at(-1))) this.outbox.keep(this.context.state);
  }
}

function max(a: bigint, b: bigint | undefined): bigint {
  return b !== undefined && b > a ? b : a;
}

/** What the list shows of a conversation whose newest messages are these. */
function lastOf({ last, lastSequence }: Conversation, entries: readonly Entry[]): Partial<Conversation> {
  const newest = entries.filter(({ id }) => id !== undefined).at(-1);
  const isNewer = newest && (!last || (newest.sequence ?? 0n) >= (last.sequence ?? 0n));
  return { lastSequence: max(lastSequence, newestSequence(entries)), ...(isNewer && { last: newest }) };
}
