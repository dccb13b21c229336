import type { ConversationKey } from '../state/conversationKey';
import type { Conversation } from '../state/store';

/** When something last happened there. */
export function lastActivity({ last, entries }: Conversation): number {
  return Math.max(last?.sentAt ?? 0, entries.at(-1)?.sentAt ?? 0);
}

/** The pinned ones first, then those in which something happened last. */
export function sortedKeys(conversations: ReadonlyMap<ConversationKey, Conversation>): ConversationKey[] {
  return [...conversations]
    .sort(([, a], [, b]) => Number(b.pinned) - Number(a.pinned) || lastActivity(b) - lastActivity(a))
    .map(([key]) => key);
}
