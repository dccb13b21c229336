import type { ChatMessage, ConversationRef } from 'turms-client';

/** Names a conversation everywhere in the page, its address and what the browser keeps: a group (`g12`), or a person (`u34`). */
export type ConversationKey = `g${number}` | `u${number}`;

export function groupKey(groupId: bigint): ConversationKey {
  return `g${groupId}` as ConversationKey;
}

export function personKey(userId: bigint): ConversationKey {
  return `u${userId}` as ConversationKey;
}

/** Nothing for a text that is no key. */
export function parseKey(text: string): ConversationKey | undefined {
  return /^[gu]\d{1,19}$/.test(text) ? (text as ConversationKey) : undefined;
}

export function groupIdOf(key: ConversationKey): bigint | undefined {
  return key.startsWith('g') ? BigInt(key.slice(1)) : undefined;
}

export function personIdOf(key: ConversationKey): bigint | undefined {
  return key.startsWith('u') ? BigInt(key.slice(1)) : undefined;
}

export function refOf(key: ConversationKey): ConversationRef {
  const id = BigInt(key.slice(1));
  return key.startsWith('g') ? { groupId: id } : { userId: id };
}

export function keyOf(ref: ConversationRef): ConversationKey {
  return 'groupId' in ref ? groupKey(ref.groupId) : personKey(ref.userId);
}

/** Where `me` finds the message. */
export function keyOfMessage({ groupId, senderId, recipientId }: ChatMessage, me: bigint): ConversationKey | undefined {
  if (groupId !== undefined) return groupKey(groupId);
  // What the server tells in a conversation of two has one of them for its sender, or nobody.
  const other = senderId === me || senderId === 0n ? recipientId : senderId;
  return other === undefined ? undefined : personKey(other);
}
