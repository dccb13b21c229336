import { TurmsError } from 'turms-client';
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
  /** What was kept of groups that are not on the page yet. */
  private readonly kept = new Map<bigint, Entry[]>();

  /** To be called once there is a session: only then can no other page of the user send any more. */
  open(userId: bigint): void {
    this.close();
    this.userId = userId;
    this.owner = `${Math.random()}`;
    for (const [index, message] of claimUnsent(userId, this.owner).entries()) {
      const groupId = BigInt(message.groupId);
      const entry = toEntry(message, `k${index}`, userId);
      this.kept.set(groupId, [...(this.kept.get(groupId) ?? []), entry]);
    }
  }

  /** What was kept of the group; from now on what its conversation shows is kept. */
  take(groupId: bigint): Entry[] {
    const entries = this.kept.get(groupId) ?? [];
    this.kept.delete(groupId);
    return entries;
  }

  /** To be called when something that is not sent changed, before anything of it is sent. */
  keep({ conversations, groups }: Pick<AppState, 'conversations' | 'groups'>): void {
    if (this.userId === undefined) return;
    const messages: UnsentMessage[] = [];
    for (const [groupId, entries] of this.kept) {
      if (groups.has(groupId)) messages.push(...entries.map((entry) => toMessage(groupId, entry)));
    }
    for (const [groupId, { entries }] of conversations) {
      messages.push(...entries.filter(isUnsent).map((entry) => toMessage(groupId, entry)));
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

function toMessage(groupId: bigint, { text, sentAt, status, error }: Entry): UnsentMessage {
  const code = error instanceof TurmsError ? error.code : undefined;
  return {
    groupId: `${groupId}`,
    text,
    writtenAt: sentAt,
    // A page that goes away while it sends does not learn whether that succeeded.
    status: status === 'waiting' || status === 'failed' ? status : 'uncertain',
    ...(code !== undefined && { code }),
  };
}

function toEntry({ text, writtenAt, status, code }: UnsentMessage, key: string, senderId: bigint): Entry {
  const isTooOld = Date.now() - writtenAt > sentByItselfWithinMs;
  return {
    key,
    senderId,
    sentAt: writtenAt,
    text,
    status: status === 'waiting' && isTooOld ? 'failed' : status,
    ...(code !== undefined && { error: TurmsError.refused(code, undefined) }),
  };
}
