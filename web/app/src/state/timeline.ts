import type { ChatMessage, Reaction } from 'turms-client';

/** A message as the conversation shows it: one of the server's, or one of ours on its way there. */
export interface Entry {
  /** Stays the same when a message on its way gets its id. */
  key: string;
  /** Absent while the server has not named it. */
  id?: bigint;
  /** Its place in the conversation, by which sent ones are ordered. */
  sequence?: bigint;
  senderId: bigint;
  sentAt: number;
  editedAt?: number;
  text: string;
  /** The message that it answers. */
  replyTo?: bigint;
  reactions?: readonly Reaction[];
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
/** Users that a reaction names. */
const maxReactors = 20;

export function toEntry(message: ChatMessage): Entry {
  const { id, senderId, sentAt, text, editedAt, system, sequence, replyTo, reactions } = message;
  return {
    key: `m${id}`,
    id,
    senderId,
    sentAt,
    text,
    status: 'sent',
    ...(sequence !== undefined && { sequence }),
    ...(editedAt !== undefined && { editedAt }),
    ...(replyTo !== undefined && { replyTo }),
    ...(reactions && { reactions }),
    ...(system && { system }),
  };
}

/** Sent ones by their places; those on their way stay at the end in the order written. */
function byPlace(a: Entry, b: Entry): number {
  if (a.id === undefined || b.id === undefined) return a.id === b.id ? 0 : a.id === undefined ? 1 : -1;
  if (a.sequence !== undefined && b.sequence !== undefined) return Number(a.sequence - b.sequence);
  return a.sentAt - b.sentAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** The server's word that another message was taken back. It stands where that message stood, and nowhere else. */
export function isRecallNotice({ id, system }: Pick<ChatMessage, 'id' | 'system'>): boolean {
  return system?.kind === 'recalled' && system.messageId !== id;
}

/**
 * Adds messages of the server to a timeline: each once, in order, with what was taken back told in its place, and an own
 * message whose answer was lost recognised by its text.
 */
export function mergeMessages(timeline: readonly Entry[], messages: readonly ChatMessage[], me: bigint): Entry[] {
  let entries = [...timeline];
  const indexById = new Map<bigint, number>();
  for (const [index, { id }] of entries.entries()) if (id !== undefined) indexById.set(id, index);
  const recalled: bigint[] = [];
  for (const message of messages) {
    if (isRecallNotice(message)) {
      if (message.system?.kind === 'recalled') recalled.push(message.system.messageId);
      continue;
    }
    const known = indexById.get(message.id);
    if (known !== undefined) {
      entries[known] = updated(entries[known]!, message);
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
  for (const messageId of recalled) entries = applyRecall(entries, messageId);
  return entries.sort(byPlace);
}

/** What is here of a message, after another copy of it came. */
function updated(current: Entry, message: ChatMessage): Entry {
  // That it was taken back is newer than any copy of the message.
  if (current.system) return current;
  const copy = { ...toEntry(message), key: current.key };
  // A copy without its place is one that was pushed.
  if (copy.sequence !== undefined || current.sequence === undefined) return copy;
  return { ...copy, sequence: current.sequence, ...(current.reactions && { reactions: current.reactions }) };
}

/** Whether the message is likely the entry, which arrived without our knowing; the same words from before are another. */
function isAnswerLostOf({ status, text, sentAt }: Entry, message: ChatMessage): boolean {
  return status === 'uncertain' && text === message.text && message.sentAt >= sentAt - clockToleranceMs;
}

/** Tells of the recall in the place of the message: the same place for everybody, now and later. */
export function applyRecall(timeline: readonly Entry[], messageId: bigint): Entry[] {
  return timeline.map((entry) => {
    if (entry.id !== messageId || entry.system) return entry;
    const { key, id, sentAt, senderId, sequence } = entry;
    const place = sequence === undefined ? {} : { sequence };
    return { key, id, sentAt, senderId, ...place, text: '', system: { kind: 'recalled', messageId }, status: 'sent' };
  });
}

export function applyEdit(timeline: readonly Entry[], messageId: bigint, text: string, at: number): Entry[] {
  return timeline.map((entry) => (entry.id === messageId && !entry.system ? { ...entry, text, editedAt: at } : entry));
}

/** Adds the reactions of somebody to a message, or takes them away: all of theirs without types. */
export function applyReactions(
  timeline: readonly Entry[],
  { messageId, by, types, added }: { messageId: bigint; by: bigint; types: readonly number[]; added: boolean },
): Entry[] {
  return timeline.map((entry) => {
    if (entry.id !== messageId) return entry;
    const reactions = new Map((entry.reactions ?? []).map((reaction) => [reaction.type, reaction]));
    for (const type of added || types.length > 0 ? types : [...reactions.keys()]) {
      const { count, userIds }: Omit<Reaction, 'type'> = reactions.get(type) ?? { count: 0, userIds: [] };
      const isThere = userIds.includes(by);
      if (added === isThere) continue;
      if (added) reactions.set(type, { type, count: count + 1, userIds: [...userIds, by].slice(0, maxReactors) });
      else if (count > 1) reactions.set(type, { type, count: count - 1, userIds: userIds.filter((id) => id !== by) });
      else reactions.delete(type);
    }
    return { ...entry, reactions: [...reactions.values()] };
  });
}

export function replaceEntry(timeline: readonly Entry[], key: string, change: Partial<Entry>): Entry[] {
  return timeline.map((entry) => (entry.key === key ? { ...entry, ...change } : entry)).sort(byPlace);
}

/** The place of the newest one that the server has. */
export function newestSequence(timeline: readonly Entry[]): bigint {
  return timeline.reduce((newest, { sequence = 0n }) => (sequence > newest ? sequence : newest), 0n);
}

/** How many of those here others wrote behind the place. */
export function countUnread(timeline: readonly Entry[], readSequence: bigint, me: bigint): number {
  return timeline.filter((entry) => isUnread(entry, readSequence, me)).length;
}

export function isUnread({ senderId, sequence, status, system }: Entry, readSequence: bigint, me: bigint): boolean {
  return status === 'sent' && !system && senderId !== me && sequence !== undefined && sequence > readSequence;
}

/** Whether two neighbours are shown as one block under one name. */
export function continues(previous: Entry | undefined, entry: Entry): boolean {
  return (
    previous !== undefined &&
    !previous.system &&
    !entry.system &&
    entry.replyTo === undefined &&
    previous.senderId === entry.senderId &&
    entry.sentAt - previous.sentAt < 5 * 60_000 &&
    sameDay(previous.sentAt, entry.sentAt)
  );
}

export function sameDay(a: number, b: number): boolean {
  return new Date(a).toDateString() === new Date(b).toDateString();
}
