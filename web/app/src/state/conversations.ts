import { attachmentText, type ChatMessage, mayHaveTakenEffect, parseAttachment, type ResourceLink, StatusCode, TurmsError } from 'turms-client';
import type { Context } from './context';
import type { GroupsController } from './groups';
import { isUnsent, Outbox } from './outbox';
import { saveDrafts } from './storage';
import { type Conversation, withEntry } from './store';
import { applyEdit, applyRecall, countUnread, type Entry, mergeMessages, replaceEntry } from './timeline';

export const pageSize = 50;
const typingShownMs = 6000;
const typingSentEveryMs = 4000;
const readsAskedEveryMs = 1000;
const sendAgainAfterMs = 1000;
/** HTTP's, of an upload. */
const contentTooLarge = 413;

/** Whether the message certainly never left this page, and may be sent again without asking. */
function wasNeverSent(error: unknown): boolean {
  return error instanceof TurmsError && (error.kind === 'offline' || error.kind === 'overloaded');
}

/** What was written in the groups: history, sending, read dates, typing. */
export class ConversationsController {
  private nextLocal = 1;
  private readonly typingSent = new Map<bigint, number>();
  private readonly readsAsked = new Map<bigint, number>();
  private readonly marking = new Set<bigint>();
  /** Groups whose waiting messages are being sent, one after the other. */
  private readonly sendingWaiting = new Set<bigint>();
  private readonly outbox = new Outbox();

  constructor(
    private readonly context: Context,
    private readonly groups: GroupsController,
    /** Called for messages that arrive, as opposed to those of the history. */
    private readonly onArrived: (message: ChatMessage) => void,
  ) {
    const { client } = context;
    client.on('message', ({ message }) => {
      if (message.groupId === undefined) return;
      this.clearTyping(message.groupId, message.senderId);
      this.merge(message.groupId, [message]);
      this.onArrived(message);
    });
    client.on('messageUpdated', ({ messageId, by, at, text, recalledAt }) => {
      for (const [groupId, conversation] of context.state.conversations) {
        if (!conversation.entries.some(({ id }) => id === messageId)) continue;
        if (recalledAt !== undefined) this.setEntries(groupId, applyRecall(conversation.entries, messageId, by));
        else if (text !== undefined) this.setEntries(groupId, applyEdit(conversation.entries, messageId, text, at));
      }
    });
    client.on('typing', ({ userId, groupId }) => {
      if (groupId !== undefined && userId !== context.state.me) this.noteTyping(groupId, userId);
    });
    client.on('read', ({ by, readAt, groupId }) => {
      if (groupId === undefined) return;
      if (by === context.state.me) this.noteRead(groupId, readAt);
      else void this.askReads(groupId);
    });
    client.on('state', (state) => {
      if (state === 'online') this.sendWaiting();
    });
    client.on('resumed', ({ complete }) => {
      void this.afterResume(complete);
    });
  }

  /** There is a session, the first of this user here: what was not sent when there was one last is taken up again. */
  restoreUnsent(): void {
    this.outbox.open(this.context.state.me);
  }

  /** The session is over here. What was not sent is taken up by the next one. */
  reset(): void {
    this.outbox.close();
  }

  /** The user signs out, and gives up what was not sent. */
  forgetUnsent(): void {
    this.outbox.forget();
  }

  /** Fetches the newest page of a group, and what of it is unread. */
  async load(groupId: bigint): Promise<void> {
    try {
      const [messages, reads] = await Promise.all([
        this.context.client.messages.history({ groupId, limit: pageSize, from: 'newest' }),
        this.context.client.messages.groupReadDates([groupId]),
      ]);
      if (!this.context.state.groups.has(groupId)) return;
      const { me } = this.context.state;
      const current = this.context.state.conversations.get(groupId);
      const ofGroup = reads.get(groupId) ?? new Map<bigint, number>();
      const readUntil = Math.max(ofGroup.get(me) ?? 0, current?.readUntil ?? 0);
      const entries = mergeMessages(current?.entries ?? this.outbox.take(groupId), messages, me);
      this.put(groupId, {
        entries,
        hasOlder: current?.hasOlder ?? messages.length >= pageSize,
        loadingOlder: false,
        readUntil,
        unread: countUnread(entries, readUntil, me),
        reads: ofGroup,
      });
      this.needNames(messages);
      void this.sendWaitingOf(groupId);
    } catch {
      // The connection's own state says what is wrong; the next sign-in loads again.
    }
  }

  async loadOlder(groupId: bigint): Promise<void> {
    const conversation = this.context.state.conversations.get(groupId);
    if (!conversation || !conversation.hasOlder || conversation.loadingOlder) return;
    this.put(groupId, { ...conversation, loadingOlder: true });
    const first = conversation.entries[0];
    await this.context.attempt(async () => {
      const messages = await this.context.client.messages.history({
        groupId,
        limit: pageSize,
        from: 'newest',
        // One millisecond of overlap: the first page may have ended within a millisecond.
        ...(first && { before: first.sentAt + 1 }),
      });
      const current = this.context.state.conversations.get(groupId);
      if (!current) return;
      const entries = mergeMessages(current.entries, messages, this.context.state.me);
      const grew = entries.length > current.entries.length;
      this.put(groupId, { ...current, entries, hasOlder: grew && messages.length >= pageSize });
      this.needNames(messages);
    });
    const current = this.context.state.conversations.get(groupId);
    if (current) this.put(groupId, { ...current, loadingOlder: false });
  }

  /** Shows the message at once, and sends it. */
  async send(groupId: bigint, text: string): Promise<void> {
    const conversation = this.context.state.conversations.get(groupId);
    if (!conversation) return;
    const entry: Entry = {
      key: `l${this.nextLocal}`,
      senderId: this.context.state.me,
      sentAt: Date.now(),
      text,
      status: this.mustWait(conversation, groupId) ? 'waiting' : 'sending',
    };
    this.nextLocal += 1;
    // A message ends what the others see of its being written; the next one is told at once.
    this.typingSent.delete(groupId);
    this.put(groupId, { ...conversation, entries: [...conversation.entries, entry] });
    if (entry.status === 'sending') await this.deliver(groupId, entry);
  }

  /** Uploads the files one after the other, and sends each as a message. */
  async sendFiles(groupId: bigint, files: readonly File[]): Promise<void> {
    for (const file of files) {
      const name = file.name || 'file';
      this.noteUploads(groupId, (names) => [...names, name]);
      try {
        const attachment = await this.context.client.storage.uploadToGroup(groupId, file, name);
        await this.send(groupId, attachmentText(attachment));
      } catch (error) {
        const isTooLarge = error instanceof TurmsError && error.code === contentTooLarge;
        this.context.toast({ kind: 'uploadFailed', name, isTooLarge });
      }
      this.noteUploads(groupId, (names) => names.filter((_, index) => index !== names.indexOf(name)));
    }
  }

  attachmentLink(id: bigint): Promise<ResourceLink> {
    return this.context.client.storage.attachmentLink(id);
  }

  private noteUploads(groupId: bigint, change: (names: readonly string[]) => readonly string[]): void {
    const { uploads } = this.context.state;
    const names = change(uploads.get(groupId) ?? []);
    this.context.set({ uploads: withEntry(uploads, groupId, names.length === 0 ? undefined : names) });
  }

  /** Keeps what is typed: going elsewhere and back, or a reload, does not lose it. */
  setDraft(groupId: bigint, text: string): void {
    const { me, drafts } = this.context.state;
    const changed = withEntry(drafts, groupId, text === '' ? undefined : text);
    this.context.set({ drafts: changed });
    saveDrafts(me, changed);
  }

  async resend(groupId: bigint, key: string): Promise<void> {
    const entry = this.context.state.conversations.get(groupId)?.entries.find((each) => each.key === key);
    if (!entry || (entry.status !== 'failed' && entry.status !== 'uncertain')) return;
    if (this.context.client.state !== 'online') {
      this.change(groupId, key, { status: 'waiting' });
      return;
    }
    this.change(groupId, key, { status: 'sending' });
    await this.deliver(groupId, entry);
  }

  discard(groupId: bigint, key: string): void {
    const conversation = this.context.state.conversations.get(groupId);
    if (!conversation) return;
    this.setEntries(
      groupId,
      conversation.entries.filter((entry) => entry.key !== key),
    );
  }

  edit(groupId: bigint, messageId: bigint, text: string): Promise<boolean> {
    return this.context.attempt(async () => {
      await this.context.client.messages.edit(messageId, text);
      const conversation = this.context.state.conversations.get(groupId);
      if (conversation) this.setEntries(groupId, applyEdit(conversation.entries, messageId, text, Date.now()));
    });
  }

  recall(groupId: bigint, messageId: bigint): Promise<boolean> {
    return this.context.attempt(async () => {
      // Before: the notice of it, which may come before the answer, takes the text away.
      const entry = this.context.state.conversations.get(groupId)?.entries.find(({ id }) => id === messageId);
      const attachment = entry && parseAttachment(entry.text);
      await this.context.client.messages.recall(messageId);
      const conversation = this.context.state.conversations.get(groupId);
      if (!conversation) return;
      this.setEntries(groupId, applyRecall(conversation.entries, messageId, this.context.state.me));
      // The message is gone whatever becomes of this.
      if (attachment) await this.context.client.storage.deleteAttachment(attachment.id).catch(() => {});
    });
  }

  /** Tells the others that the user writes; no more often than is useful. */
  typing(groupId: bigint): void {
    const now = Date.now();
    if (now - (this.typingSent.get(groupId) ?? 0) < typingSentEveryMs) return;
    this.typingSent.set(groupId, now);
    // Whether it arrives matters to nobody.
    this.context.client.messages.typingInGroup(groupId).catch(() => {});
  }

  /** To be called while the newest messages of the group are on the screen. */
  async markRead(groupId: bigint): Promise<void> {
    const conversation = this.context.state.conversations.get(groupId);
    if (!conversation || conversation.unread === 0 || this.marking.has(groupId)) return;
    const newest = conversation.entries.reduce((latest, { sentAt }) => Math.max(latest, sentAt), 0);
    this.marking.add(groupId);
    try {
      await this.context.client.messages.markGroupRead(groupId);
    } catch (error) {
      const isAhead = error instanceof TurmsError && error.code === StatusCode.ReadDateMovedBack;
      if (!isAhead) return;
    } finally {
      this.marking.delete(groupId);
    }
    this.noteRead(groupId, newest);
  }

  /** Asks until when the others have read. */
  async askReads(groupId: bigint): Promise<void> {
    const now = Date.now();
    if (now - (this.readsAsked.get(groupId) ?? 0) < readsAskedEveryMs) return;
    this.readsAsked.set(groupId, now);
    try {
      const reads = (await this.context.client.messages.groupReadDates([groupId])).get(groupId);
      const conversation = this.context.state.conversations.get(groupId);
      if (reads && conversation) this.put(groupId, { ...conversation, reads });
    } catch {
      // Asked again the next time.
    }
  }

  private async deliver(groupId: bigint, entry: Entry): Promise<void> {
    try {
      const { id, sentAt } = await this.context.client.messages.sendToGroup(groupId, entry.text);
      const entries = this.context.state.conversations.get(groupId)?.entries;
      // A resumed connection may have brought it already.
      if (entries?.some((each) => each.id === id)) this.discard(groupId, entry.key);
      else this.change(groupId, entry.key, { id, sentAt, status: 'sent' });
    } catch (error) {
      if (wasNeverSent(error) && this.context.state.phase === 'signedIn') {
        this.change(groupId, entry.key, { status: 'waiting' });
        // The coming back of the connection sends it. When it is back already, or was never away, nothing else would.
        setTimeout(() => this.sendWaiting(), sendAgainAfterMs);
        return;
      }
      this.change(groupId, entry.key, { status: mayHaveTakenEffect(error) ? 'uncertain' : 'failed', error });
    }
  }

  /** Whether a message written now has to wait: for the connection, or behind others that do. */
  private mustWait({ entries }: Conversation, groupId: bigint): boolean {
    return (
      this.context.client.state !== 'online' ||
      this.sendingWaiting.has(groupId) ||
      entries.some(({ status }) => status === 'waiting')
    );
  }

  private sendWaiting(): void {
    if (this.context.client.state !== 'online') return;
    for (const groupId of this.context.state.conversations.keys()) void this.sendWaitingOf(groupId);
  }

  /** Sends what waits in the group in the order in which it was written, each when the one before has its answer. */
  private async sendWaitingOf(groupId: bigint): Promise<void> {
    if (this.sendingWaiting.has(groupId)) return;
    this.sendingWaiting.add(groupId);
    try {
      while (this.context.client.state === 'online') {
        const entries = this.context.state.conversations.get(groupId)?.entries;
        const next = entries?.find(({ status }) => status === 'waiting');
        if (!next) break;
        if (this.outbox.isTaken) {
          this.change(groupId, next.key, { status: 'uncertain' });
          continue;
        }
        this.change(groupId, next.key, { status: 'sending' });
        await this.deliver(groupId, next);
        const after = this.context.state.conversations.get(groupId)?.entries.find(({ key }) => key === next.key);
        if (after?.status === 'waiting') break;
      }
    } finally {
      this.sendingWaiting.delete(groupId);
    }
  }

  private async afterResume(complete: boolean): Promise<void> {
    for (const groupId of this.context.state.groups.keys()) {
      if (!complete) {
        const conversation = this.context.state.conversations.get(groupId);
        // There may be a hole between what is here and the newest page.
        if (conversation) {
          const unsent = conversation.entries.filter(({ id }) => id === undefined);
          this.put(groupId, { ...conversation, entries: unsent, hasOlder: true });
        }
      }
      // Edits are not delivered again: the newest page shows them.
      await this.load(groupId);
    }
  }

  private merge(groupId: bigint, messages: ChatMessage[]): void {
    const conversation = this.context.state.conversations.get(groupId);
    if (conversation) this.setEntries(groupId, mergeMessages(conversation.entries, messages, this.context.state.me));
    this.needNames(messages);
  }

  private needNames(messages: ChatMessage[]): void {
    this.groups.needProfiles(
      messages.flatMap(({ senderId, system }) =>
        system?.kind === 'meeting' ? [senderId, system.meeting.creatorId] : [senderId],
      ),
    );
  }

  private noteTyping(groupId: bigint, userId: bigint): void {
    this.groups.needProfiles([userId]);
    const until = Date.now() + typingShownMs;
    const ofGroup = withEntry(this.context.state.typing.get(groupId) ?? new Map<bigint, number>(), userId, until);
    this.context.set({ typing: withEntry(this.context.state.typing, groupId, ofGroup) });
    setTimeout(() => {
      const current = this.context.state.typing.get(groupId)?.get(userId);
      if (current === until) this.clearTyping(groupId, userId);
    }, typingShownMs);
  }

  private clearTyping(groupId: bigint, userId: bigint): void {
    const ofGroup = this.context.state.typing.get(groupId);
    if (!ofGroup?.has(userId)) return;
    const rest = withEntry(ofGroup, userId, undefined);
    this.context.set({
      typing: withEntry(this.context.state.typing, groupId, rest.size === 0 ? undefined : rest),
    });
  }

  private noteRead(groupId: bigint, readAt: number): void {
    const conversation = this.context.state.conversations.get(groupId);
    if (!conversation || readAt <= conversation.readUntil) return;
    const unread = countUnread(conversation.entries, readAt, this.context.state.me);
    this.put(groupId, { ...conversation, readUntil: readAt, unread });
  }

  private change(groupId: bigint, key: string, change: Partial<Entry>): void {
    const conversation = this.context.state.conversations.get(groupId);
    if (conversation) this.setEntries(groupId, replaceEntry(conversation.entries, key, change));
  }

  private setEntries(groupId: bigint, entries: Entry[]): void {
    const conversation = this.context.state.conversations.get(groupId);
    if (!conversation) return;
    const unread = countUnread(entries, conversation.readUntil, this.context.state.me);
    this.put(groupId, { ...conversation, entries, unread });
  }

  private put(groupId: bigint, conversation: Conversation): void {
    // Those that are not sent come last.
    const hadUnsent = isUnsent(this.context.state.conversations.get(groupId)?.entries.at(-1));
    this.context.set({ conversations: withEntry(this.context.state.conversations, groupId, conversation) });
    if (hadUnsent || isUnsent(conversation.entries.at(-1))) this.outbox.keep(this.context.state);
  }
}
