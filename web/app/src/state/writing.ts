import { mayHaveTakenEffect, parseAttachment, type ResourceLink, TurmsError } from 'turms-client';
import type { Context } from './context';
import { type ConversationKey, refOf } from './conversationKey';
import type { ConversationsController } from './conversations';
import { isUnsent, type Outbox } from './outbox';
import { saveDrafts } from './storage';
import { type Conversation, withEntry } from './store';
import { applyEdit, applyReactions, type Entry, replaceEntry } from './timeline';

const typingSentEveryMs = 4000;
const sendAgainAfterMs = 1000;

/** Whether the message certainly never left this page, and may be sent again without asking. */
function wasNeverSent(error: unknown): boolean {
  return error instanceof TurmsError && (error.kind === 'offline' || error.kind === 'overloaded');
}

/** What the user writes, changes and takes back, and how it gets to the server. */
export class WritingController {
  private nextLocal = 1;
  private readonly typingSent = new Map<ConversationKey, number>();
  /** Conversations whose waiting messages are being sent, one after the other. */
  private readonly sendingWaiting = new Set<ConversationKey>();

  constructor(
    private readonly context: Context,
    private readonly conversations: ConversationsController,
    private readonly outbox: Outbox,
  ) {
    context.client.on('state', (state) => {
      if (state === 'online') this.sendWaiting();
    });
  }

  /** There is a session, the first of this user here: what was not sent when there was one last is taken up again. */
  restoreUnsent(): ConversationKey[] {
    return this.outbox.open(this.context.state.me);
  }

  /** The session is over here. What was not sent is taken up by the next one. */
  reset(): void {
    this.outbox.close();
    this.typingSent.clear();
  }

  /** The user signs out, and gives up what was not sent. */
  forgetUnsent(): void {
    this.outbox.forget();
  }

  /** Shows the message at once, and sends it. */
  async send(key: ConversationKey, text: string): Promise<void> {
    if (this.context.state.conversations.get(key)?.hasNewer) await this.conversations.showNewest(key);
    const conversation = this.context.state.conversations.get(key);
    if (!conversation?.isLoaded) return;
    const replyTo = this.context.state.answering.get(key);
    const entry: Entry = {
      key: `l${this.nextLocal}`,
      senderId: this.context.state.me,
      sentAt: Date.now(),
      text,
      status: this.mustWait(conversation, key) ? 'waiting' : 'sending',
      ...(replyTo !== undefined && { replyTo }),
    };
    this.nextLocal += 1;
    // A message ends what the others see of its being written; the next one is told at once.
    this.typingSent.delete(key);
    this.answer(key, undefined);
    this.conversations.update(key, ({ entries }) => ({ entries: [...entries, entry] }));
    if (entry.status === 'sending') await this.deliver(key, entry);
  }

  attachmentLink(id: bigint): Promise<ResourceLink> {
    return this.context.client.storage.attachmentLink(id);
  }

  /** Keeps what is typed: going elsewhere and back, or a reload, does not lose it. */
  setDraft(key: ConversationKey, text: string): void {
    const { me, drafts } = this.context.state;
    const changed = withEntry(drafts, key, text === '' ? undefined : text);
    this.context.set({ drafts: changed });
    saveDrafts(me, changed);
  }

  /** The next message answers this one, or none. */
  answer(key: ConversationKey, messageId: bigint | undefined): void {
    const { answering } = this.context.state;
    if (answering.get(key) !== messageId) this.context.set({ answering: withEntry(answering, key, messageId) });
  }

  async resend(key: ConversationKey, entryKey: string): Promise<void> {
    const entry = this.find(key, entryKey);
    if (!entry || (entry.status !== 'failed' && entry.status !== 'uncertain')) return;
    if (this.context.client.state !== 'online') {
      this.change(key, entryKey, { status: 'waiting' });
      return;
    }
    this.change(key, entryKey, { status: 'sending' });
    await this.deliver(key, entry);
  }

  discard(key: ConversationKey, entryKey: string): void {
    this.conversations.update(key, ({ entries }) => ({ entries: entries.filter((entry) => entry.key !== entryKey) }));
  }

  edit(messageId: bigint, text: string): Promise<boolean> {
    return this.context.attempt(async () => {
      await this.context.client.messages.edit(messageId, text);
      this.conversations.changeMessage(messageId, (entries) => applyEdit(entries, messageId, text, Date.now()));
    });
  }

  recall(key: ConversationKey, messageId: bigint): Promise<boolean> {
    return this.context.attempt(async () => {
      // Before: the notice of it, which may come before the answer, takes the text away.
      const entry = this.context.state.conversations.get(key)?.entries.find(({ id }) => id === messageId);
      const attachment = entry && parseAttachment(entry.text);
      await this.context.client.messages.recall(messageId);
      this.conversations.noteRecalled(messageId);
      // The message is gone whatever becomes of this.
      if (attachment) await this.context.client.storage.deleteAttachment(attachment.id).catch(() => {});
    });
  }

  /** Reacts with the type, or takes that back; shown before the server has said yes. */
  async react(messageId: bigint, type: number, added: boolean): Promise<boolean> {
    const { client, state } = this.context;
    const show = (isAdded: boolean) => {
      const reaction = { messageId, by: state.me, types: [type], added: isAdded };
      this.conversations.changeMessage(messageId, (entries) => applyReactions(entries, reaction));
    };
    show(added);
    const isDone = await this.context.attempt(() =>
      added ? client.conversations.react(messageId, [type]) : client.conversations.takeBackReactions(messageId, [type]),
    );
    if (!isDone) show(!added);
    return isDone;
  }

  pin(key: ConversationKey, messageId: bigint, pinned: boolean): Promise<boolean> {
    return this.context.attempt(async () => {
      await this.context.client.conversations.setMessagePinned(messageId, pinned);
      await this.conversations.refreshPins(key);
    });
  }

  /** A copy of the message in another conversation. */
  forward(messageId: bigint, to: ConversationKey, name: string): Promise<boolean> {
    return this.context.attempt(async () => {
      await this.context.client.messages.forward(refOf(to), messageId);
      await this.conversations.refreshList();
      if (this.context.state.conversations.get(to)?.isLoaded) await this.conversations.load(to);
      this.context.toast({ kind: 'forwarded', to: name });
    });
  }

  /** Tells the others that the user writes; no more often than is useful. */
  typing(key: ConversationKey): void {
    const now = Date.now();
    if (now - (this.typingSent.get(key) ?? 0) < typingSentEveryMs) return;
    this.typingSent.set(key, now);
    // Whether it arrives matters to nobody.
    this.context.client.conversations.typing(refOf(key)).catch(() => {});
  }

  /** Sends what waits in the conversation in the order in which it was written, each when the one before has its answer. */
  async sendWaitingOf(key: ConversationKey): Promise<void> {
    if (this.sendingWaiting.has(key)) return;
    this.sendingWaiting.add(key);
    try {
      while (this.context.client.state === 'online') {
        const next = this.context.state.conversations.get(key)?.entries.find(({ status }) => status === 'waiting');
        if (!next) break;
        if (this.outbox.isTaken) {
          this.change(key, next.key, { status: 'uncertain' });
          continue;
        }
        this.change(key, next.key, { status: 'sending' });
        await this.deliver(key, next);
        if (this.find(key, next.key)?.status === 'waiting') break;
      }
    } finally {
      this.sendingWaiting.delete(key);
    }
  }

  private async deliver(key: ConversationKey, entry: Entry): Promise<void> {
    try {
      const options = entry.replyTo === undefined ? {} : { replyTo: entry.replyTo };
      const sent = await this.context.client.messages.send(refOf(key), entry.text, options);
      const isHere = this.context.state.conversations.get(key)?.entries.some(({ id }) => id === sent.id);
      // A resumed connection may have brought it already.
      if (isHere) this.discard(key, entry.key);
      else this.change(key, entry.key, { ...sent, status: 'sent' });
      this.noteSent(key, { ...entry, ...sent, status: 'sent' });
    } catch (error) {
      if (wasNeverSent(error) && this.context.state.phase === 'signedIn') {
        this.change(key, entry.key, { status: 'waiting' });
        // The coming back of the connection sends it. When it is back already, or was never away, nothing else would.
        setTimeout(() => this.sendWaiting(), sendAgainAfterMs);
        return;
      }
      this.change(key, entry.key, { status: mayHaveTakenEffect(error) ? 'uncertain' : 'failed', error });
    }
  }

  /** The list shows it, and who writes has read. */
  private noteSent(key: ConversationKey, entry: Entry): void {
    const { sequence = 0n } = entry;
    this.conversations.update(key, ({ lastSequence, readSequence, last }) => ({
      ...((!last || sequence >= (last.sequence ?? 0n)) && { last: entry }),
      lastSequence: sequence > lastSequence ? sequence : lastSequence,
      ...(sequence > readSequence && { readSequence: sequence, unread: 0, mentioned: false }),
    }));
  }

  /** Whether a message written now has to wait: for the connection, or behind others that do. */
  private mustWait({ entries }: Conversation, key: ConversationKey): boolean {
    return (
      this.context.client.state !== 'online' ||
      this.sendingWaiting.has(key) ||
      entries.some(({ status }) => status === 'waiting')
    );
  }

  private sendWaiting(): void {
    if (this.context.client.state !== 'online') return;
    for (const [key, { entries }] of this.context.state.conversations) {
      if (isUnsent(entries.at(-1))) void this.sendWaitingOf(key);
    }
  }

  private find(key: ConversationKey, entryKey: string): Entry | undefined {
    return this.context.state.conversations.get(key)?.entries.find((entry) => entry.key === entryKey);
  }

  private change(key: ConversationKey, entryKey: string, change: Partial<Entry>): void {
    this.conversations.update(key, ({ entries }) => ({ entries: replaceEntry(entries, entryKey, change) }));
  }
}
