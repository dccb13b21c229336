import { type ChatMessage, toChatMessage } from './models.js';
import type { Requester } from './requester.js';

/** A group, or the conversation with another user. */
export type ConversationRef = { groupId: bigint } | { userId: bigint };

export interface Conversation {
  ref: ConversationRef;
  lastSequence: bigint;
  lastMessage?: ChatMessage;
  readSequence: bigint;
  /** Of a private conversation: how far the other one has read. */
  theirReadSequence: bigint;
  /** 1000 stands for more. */
  unread: number;
  /** One of the unread ones names this user. */
  mentioned: boolean;
  pinned: boolean;
  muted: boolean;
}

export interface Missed {
  /** By sequence. */
  messages: ChatMessage[];
  /** Those of them that were recalled, which come without content. */
  recalled: bigint[];
  /** Everything up to here is among them, or was deleted: the next page begins behind it. */
  through: bigint;
  /** Whether there is a next page. */
  more: boolean;
}

export interface Page {
  /** By sequence. */
  messages: ChatMessage[];
  /** Whether there may be messages before them. */
  hasOlder: boolean;
}

export interface FoundMessage {
  message: ChatMessage;
  /** In its text. */
  highlights: { start: number; length: number }[];
}

export function named(ref: ConversationRef): { groupId?: bigint; userId?: bigint } {
  return 'groupId' in ref ? { groupId: ref.groupId } : { userId: ref.userId };
}

/** Conversations of both kinds, with the server's extensions of the protocol. */
export class ConversationsApi {
  constructor(private readonly client: Requester) {}

  /** The one in which something happened last first. */
  async list({ skip = 0, limit = 200 } = {}): Promise<Conversation[]> {
    const answer = await this.client.request({ case: 'queryConversationListRequest', value: { skip, limit } });
    const data = answer.data?.kind;
    if (data?.case !== 'conversationSummaries') return [];
    return data.value.conversations.map((summary) => {
      const lastMessage = summary.lastMessage && toChatMessage(summary.lastMessage);
      return {
        ref: summary.groupId !== undefined ? { groupId: summary.groupId } : { userId: summary.userId ?? 0n },
        lastSequence: summary.lastSequence,
        ...(lastMessage && { lastMessage }),
        readSequence: summary.readSequence,
        theirReadSequence: summary.theirReadSequence,
        unread: summary.unreadCount,
        mentioned: summary.mentioned,
        pinned: summary.pinned,
        muted: summary.muted,
      };
    });
  }

  /** What there is behind the last message that one has. */
  async missed(ref: ConversationRef, after: bigint, limit = 200): Promise<Missed> {
    const answer = await this.client.request({
      case: 'queryConversationMessagesRequest',
      value: { ...named(ref), afterSequence: after, maxCount: limit },
    });
    const data = answer.data?.kind;
    if (data?.case !== 'conversationMessages') return { messages: [], recalled: [], through: after, more: false };
    const { messages, throughSequence, lastSequence } = data.value;
    return {
      messages: messages.map(toChatMessage).filter((message) => message !== undefined),
      recalled: messages.filter((one) => one.recallDate !== undefined).map((one) => one.id ?? 0n),
      through: throughSequence,
      more: throughSequence < lastSequence,
    };
  }

  /** The messages of `limit` places before the one with the sequence `before`; those taken back say so in their places. */
  async before(ref: ConversationRef, before: bigint, limit: number): Promise<Page> {
    const after = before - 1n > BigInt(limit) ? before - 1n - BigInt(limit) : 0n;
    if (before <= 1n) return { messages: [], hasOlder: false };
    const { messages } = await this.missed(ref, after, limit);
    return { messages: messages.filter(({ sequence }) => sequence === undefined || sequence < before), hasOlder: after > 0n };
  }

  /** Tells the others that the user is writing. */
  async typing(ref: ConversationRef): Promise<void> {
    const value = 'groupId' in ref ? { isGroupMessage: true, toId: ref.groupId } : { isGroupMessage: false, toId: ref.userId };
    await this.client.request({ case: 'updateTypingStatusRequest', value });
  }

  /** Notes that the user has read up to this message, or all there are. */
  async markRead(ref: ConversationRef, readSequence?: bigint): Promise<void> {
    await this.client.request({
      case: 'updateConversationRequest',
      value: { ...named(ref), readDate: BigInt(Date.now()), ...(readSequence !== undefined && { readSequence }) },
    });
  }

  async setPinned(ref: ConversationRef, pinned: boolean): Promise<void> {
    await this.set(ref, 'pinned', pinned);
  }

  async setMuted(ref: ConversationRef, muted: boolean): Promise<void> {
    await this.set(ref, 'muted', muted);
  }

  /** Best first; everywhere without `ref`. */
  async search(query: string, { ref, limit = 20 }: { ref?: ConversationRef; limit?: number } = {}): Promise<FoundMessage[]> {
    const answer = await this.client.request({
      case: 'searchMessagesRequest',
      value: { query, ...(ref && named(ref)), maxCount: limit },
    });
    const data = answer.data?.kind;
    if (data?.case !== 'foundMessages') return [];
    return data.value.foundMessages.flatMap((found) => {
      const message = found.message && toChatMessage(found.message);
      return message ? [{ message, highlights: found.highlights.map(({ start, length }) => ({ start, length })) }] : [];
    });
  }

  async react(messageId: bigint, reactionTypes: number[]): Promise<void> {
    await this.client.request({ case: 'createMessageReactionsRequest', value: { messageId, reactionTypes } });
  }

  async takeBackReactions(messageId: bigint, reactionTypes: number[] = []): Promise<void> {
    await this.client.request({ case: 'deleteMessageReactionsRequest', value: { messageId, reactionTypes } });
  }

  async setMessagePinned(messageId: bigint, pinned: boolean): Promise<void> {
    await this.client.request({ case: 'updatePinnedMessageRequest', value: { messageId, pinned } });
  }

  async pinnedMessages(ref: ConversationRef): Promise<ChatMessage[]> {
    const answer = await this.client.request({ case: 'queryPinnedMessagesRequest', value: named(ref) });
    const data = answer.data?.kind;
    if (data?.case !== 'messages') return [];
    return data.value.messages.map(toChatMessage).filter((message) => message !== undefined);
  }

  /** How long the group keeps its messages; without `hours`, as long as the server does. Its owner's to say. */
  async setRetention(groupId: bigint, hours?: number): Promise<void> {
    await this.client.request({
      case: 'updateGroupRetentionRequest',
      value: { groupId, ...(hours !== undefined && { hours }) },
    });
  }

  private async set(ref: ConversationRef, name: string, value: boolean): Promise<void> {
    await this.client.request({
      case: 'updateConversationSettingsRequest',
      value: { ...named(ref), settings: { [name]: { kind: { case: 'boolValue', value } } } },
    });
  }
}
