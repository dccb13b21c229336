import { type Entry, isUnread } from '../state/timeline';

/** How far the conversation was read when it was opened, and how far it went then. */
export interface Opening {
  read: bigint;
  newest: bigint;
}

/**
 * Key of the first entry that was new when the conversation was opened. Looked for anew as older ones are loaded, since
 * it may be among them; what comes later is not new in this sense.
 */
export function firstUnreadKey(entries: readonly Entry[], { read, newest }: Opening, me: bigint): string | undefined {
  return entries.find((entry) => isUnread(entry, read, me) && entry.sequence! <= newest)?.key;
}

/** Index of the row to which a key leads from another; nothing for keys that lead nowhere. */
export function rowAfterKey(key: string, index: number, count: number): number | undefined {
  const next = { ArrowUp: index - 1, ArrowDown: index + 1, Home: 0, End: count - 1 }[key];
  return next === undefined ? undefined : Math.max(0, Math.min(count - 1, next));
}
