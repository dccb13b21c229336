import type { ChatMessage } from 'turms-client';

/** A message as the conversation shows it: one of the server's, or one of ours on its way there. */
export interface Entry {
  /** Stays the same when a message on its way gets its id. */
  key: string;
  /** Absent while the server has not named it. */
  id?: bigint;
  senderId: bigint;
  sentAt: number;
  editedAt?: number;
  text: string;
  system?: ChatMessage['system'];
  /**
   * `waiting`: certainly not sent, and sent by itself when the connection is back.
   * `uncertain`: no answer came, and it may have arrived all the same.
   */
  status: 'sent' | 'sending' | 'waiting' | 'failed' | 'uncertain';
  /** Why it failed. */
  error?: unknown;
}

/** How far the clock of this machine may be ahead of the server's when a message is recognised. */
const clockToleranceMs = 2 * 60_000;

function toEntry(message: ChatMessage): Entry {
  return {
    key: `m${message.id}`,
    id: message.id,
    senderId: message.senderId,
    sentAt: message.sentAt,
    text: message.text,
    status: 'sent',
    ...(message.editedAt !== undefined && { editedAt: message.editedAt }),
    ...(message.system && { system: message.system }),
  };
}

/** Sent ones by time, and by id within a millisecond; those on their way stay at the end in the order written. */
function byTime(a: Entry, b: Entry): number {
  if (a.id === undefined || b.id === undefined) return a.id === b.id ? 0 : a.id === undefined ? 1 : -1;
  return a.sentAt - b.sentAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/**
 * Adds messages of the server to a timeline: each once, in order, with those that were taken back replaced by the
 * notice of it, and an own message whose answer was lost recognised by its text.
 */
export function mergeMessages(timeline: readonly Entry[], messages: readonly ChatMessage[], me: bigint): Entry[] {
  const entries = [...timeline];
  const indexById = new Map(entries.flatMap((entry, index) => (entry.id === undefined ? [] : [[entry.id, index]])));
  for (const message of messages) {
    const known = indexById.get(message.id);
    if (known !== undefined) {
      const current = entries[known]!;
      // A notice that took the message's place is newer than any copy of the message.
      if (!current.system) entries[known] = { ...toEntry(message), key: current.key };
      continue;
    }
    const own =
      message.senderId === me && !message.system
        ? entries.findIndex((entry) => isAnswerLostOf(entry, message))
        : -1;
    if (own >= 0) {
      entries[own] = { ...toEntry(message), key: entries[own]!.key };
      indexById.set(message.id, own);
    } else {
      indexById.set(message.id, entries.push(toEntry(message)) - 1);
    }
  }
  return withoutRecalled(entries).sort(byTime);
}

/** Whether the message is likely the entry, which arrived without our knowing; the same words from before are another. */
function isAnswerLostOf({ status, text, sentAt }: Entry, message: ChatMessage): boolean {
  return status === 'uncertain' && text === message.text && message.sentAt >= sentAt - clockToleranceMs;
}

/** Drops what notices say was taken back; a notice that does not say by whom learns it from what it takes back. */
function withoutRecalled(entries: Entry[]): Entry[] {
  const recalled = new Map<bigint, bigint>();
  for (const { id, system } of entries) {
    if (system?.kind === 'recalled' && system.messageId !== id) recalled.set(system.messageId, 0n);
  }
  if (recalled.size === 0) return entries;
  for (const { id, senderId } of entries) if (id !== undefined && recalled.has(id)) recalled.set(id, senderId);
  return entries
    .filter(({ id }) => id === undefined || !recalled.has(id))
    .map((entry) =>
      entry.system?.kind === 'recalled' && entry.senderId === 0n
        ? { ...entry, senderId: recalled.get(entry.system.messageId) ?? 0n }
        : entry,
    );
}

/** Puts the notice of a recall in the place of the message, until the server's own notice arrives. */
export function applyRecall(timeline: readonly Entry[], messageId: bigint, by: bigint): Entry[] {
  return timeline.map((entry) => {
    if (entry.id !== messageId || entry.system) return entry;
    const { key, id, sentAt } = entry;
    return { key, id, senderId: by, sentAt, text: '', system: { kind: 'recalled', messageId }, status: 'sent' };
  });
}

export function applyEdit(timeline: readonly Entry[], messageId: bigint, text: string, at: number): Entry[] {
  return timeline.map((entry) => (entry.id === messageId && !entry.system ? { ...entry, text, editedAt: at } : entry));
}

export function replaceEntry(timeline: readonly Entry[], key: string, change: Partial<Entry>): Entry[] {
  return timeline.map((entry) => (entry.key === key ? { ...entry, ...change } : entry)).sort(byTime);
}

export function countUnread(timeline: readonly Entry[], readUntil: number, me: bigint): number {
  return timeline.filter(
    ({ senderId, sentAt, status, system }) =>
      status === 'sent' && sentAt > readUntil && senderId !== me && system?.kind !== 'recalled',
  ).length;
}

/** Whether two neighbours are shown as one block under one name. */
export function continues(previous: Entry | undefined, entry: Entry): boolean {
  return (
    previous !== undefined &&
    !previous.system &&
    !entry.system &&
    previous.senderId === entry.senderId &&
    entry.sentAt - previous.sentAt < 5 * 60_000 &&
    sameDay(previous.sentAt, entry.sentAt)
  );
}

export function sameDay(a: number, b: number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}
