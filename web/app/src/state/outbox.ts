import { TurmsError } from 'turms-client';
import { type ConversationKey, groupIdOf } from './conversationKey';
import { claimUnsent, forgetUnsent, isUnsentClaimed, keepUnsent, type UnsentMessage } from './storage';
import type { AppState } from './store';
import type { Entry } from './timeline';

/** What was written longer ago than this is not sent by itself any more: the user may have said it otherwise since. */
const sentByItselfWithinMs = 24 * 60 * 60_000;

export function isUnsent(entry: Entry | undefined): entry is Entry {
  return entry !== undefined && entry.id === undefined;
}

/** How many messages would be lost if the session were over for good now. */
export function countUnsent({ conversations }: Pick<AppState, 'conversations'>): number {
  let count = 0;
  for (const { entries } of conversations.values()) {
    count += entries.filter((entry) => isUnsent(entry) && entry.status !== 'sending').length;
  }
  return count;
}

/**
 * What the user wrote and the server does not have, kept on this browser: a reload, or the end of a session that nobody
 * meant, does not lose it. It belongs to the page that was signed in last. Any other changes nothing of it any more, so
 * that no two send the same message.
 */
export class Outbox {
  private userId: bigint | undefined;
  private owner = '';
  /** What was kept of conversations that are not loaded yet. */
  private readonly kept = new Map<ConversationKey, Entry[]>();

  /** To be called once there is a session: only then can no other page of the user send any more. Says where something waits. */
  open(userId: bigint): ConversationKey[] {
    this.close();
    this.userId = userId;
    this.owner = `${Math.random()}`;
    for (const [index, message] of claimUnsent(userId, this.owner).entries()) {
      const entry = toEntry(message, `k${index}`, userId);
      this.kept.set(message.to, [...(this.kept.get(message.to) ?? []), entry]);
    }
    return [...this.kept.keys()];
  }

  /** What was kept of the conversation; from now on what its conversation shows is kept. */
  take(key: ConversationKey): Entry[] {
    const entries = this.kept.get(key) ?? [];
    this.kept.delete(key);
    return entries;
  }

  /** To be called when something that is not sent changed, before anything of it is sent. */
  keep({ conversations, groups }: Pick<AppState, 'conversations' | 'groups'>): void {
    if (this.userId === undefined) return;
    const messages: UnsentMessage[] = [];
    for (const [key, entries] of this.kept) {
      const groupId = groupIdOf(key);
      if (groupId === undefined || groups.has(groupId)) messages.push(...entries.map((entry) => toMessage(key, entry)));
    }
    for (const [key, { entries }] of conversations) {
      messages.push(...entries.filter(isUnsent).map((entry) => toMessage(key, entry)));
    }
    keepUnsent(this.userId, this.owner, messages);
  }

  /** Whether another page of the user has taken over what is kept, and sends it. */
  get isTaken(): boolean {
    return this.userId !== undefined && isUnsentClaimed(this.userId, this.owner);
  }

  /** The session is over here; what is kept stays for the next one. */
  close(): void {
    this.userId = undefined;
    this.kept.clear();
  }

  /** The user signs out: nothing of it is to stay. */
  forget(): void {
    if (this.userId !== undefined) forgetUnsent(this.userId);
    this.close();
  }
}

function toMessage(to: ConversationKey, { text, sentAt, status, error, replyTo }: Entry): UnsentMessage {
  const code = error instanceof TurmsError ? error.code : undefined;
  return {
    to,
    text,
    ...(replyTo !== undefined && { replyTo: `${replyTo}` }),
    writtenAt: sentAt,
    // A page that goes away while it sends does not learn whether that succeeded.
    status: status === 'waiting' || status === 'failed' ? status : 'uncertain',
    ...(code !== undefined && { code }),
  };
}

function toEntry({ text, writtenAt, status, code, replyTo }: UnsentMessage, key: string, senderId: bigint): Entry {
  const isTooOld = Date.now() - writtenAt > sentByItselfWithinMs;
  return {
    key,
    senderId,
    sentAt: writtenAt,
    text,
    status: status === 'waiting' && isTooOld ? 'failed' : status,
    ...(replyTo !== undefined && { replyTo: BigInt(replyTo) }),
    ...(code !== undefined && { error: TurmsError.refused(code, undefined) }),
  };
}
