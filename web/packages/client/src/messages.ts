import { type ChatMessage, toChatMessage } from './models.js';
import type { ConversationRef } from './conversations.js';
import type { Resume } from './resume.js';
import { createdId, type Requester } from './requester.js';
import type { RequestOf } from './wire.js';

export interface HistoryQuery {
  groupId: bigint;
  /** Only messages delivered before this time, exclusive. */
  before?: number;
  /** Only messages delivered at this time or later. */
  since?: number;
  limit: number;
  /** `newest` returns the last `limit` of them, `oldest` the first; both in the order of delivery. */
  from: 'newest' | 'oldest';
}

export interface SendOptions {
  /** Sent again with the same one, the message is stored once: 1 to 64 bytes. */
  key?: string;
  /** The message that it answers. */
  replyTo?: bigint;
}

export interface Sent {
  id: bigint;
  sentAt: number;
  /** Its place in the conversation. */
  sequence?: bigint;
}

/** Messages, and what is known of who read them. */
export class MessagesApi {
  constructor(
    private readonly client: Requester,
    private readonly resume: Resume,
  ) {}

  /**
   * Resolves with the message's id once the server has stored it. Sent again with the same key, after an error that does
   * not tell whether it was, it is stored once.
   */
  async sendToGroup(groupId: bigint, text: string, key?: string): Promise<{ id: bigint; sentAt: number }> {
    const answer = await this.client.request({
      case: 'createMessageRequest',
      value: { groupId, text, ...(key !== undefined && { senderKey: key }) },
    });
    const id = createdId(answer);
    this.resume.isNew(id);
    return { id, sentAt: Number(answer.timestamp) };
  }

  /** The same into either kind of conversation. */
  send(to: ConversationRef, text: string, { key, replyTo }: SendOptions = {}): Promise<Sent> {
    return this.create({
      ...target(to),
      text,
      ...(key !== undefined && { senderKey: key }),
      ...(replyTo !== undefined && { preMessageId: replyTo }),
    });
  }

  /** A copy of a message that the user may see, with its files, in another conversation. */
  forward(to: ConversationRef, messageId: bigint): Promise<Sent> {
    return this.create({ ...target(to), messageId });
  }

  /** Those of the messages that exist and that the user may see. */
  async byIds(ids: bigint[]): Promise<ChatMessage[]> {
    if (ids.length === 0) return [];
    // The protocol asks for those of groups and those of two apart.
    const found = await Promise.all(
      [true, false].map(async (areGroupMessages) => {
        const value = { ids, areGroupMessages, maxCount: ids.length };
        const data = (await this.client.request({ case: 'queryMessagesRequest', value })).data?.kind;
        return data?.case === 'messages' ? data.value.messages : [];
      }),
    );
    const messages = found.flat().map(toChatMessage).filter((message) => message !== undefined);
    return [...new Map(messages.map((message) => [message.id, message])).values()];
  }

  private async create(value: RequestOf<'createMessageRequest'>): Promise<Sent> {
    const answer = await this.client.request({ case: 'createMessageRequest', value });
    const id = createdId(answer);
    this.resume.isNew(id);
    const place = answer.messagePlace;
    return {
      id,
      sentAt: Number(place?.deliveryDate || answer.timestamp),
      ...(place && { sequence: place.sequence }),
    };
  }

  async history({ groupId, before, since, limit, from }: HistoryQuery): Promise<ChatMessage[]> {
    const answer = await this.client.request({
      case: 'queryMessagesRequest',
      value: {
        areGroupMessages: true,
        fromIds: [groupId],
        maxCount: limit,
        descending: from === 'newest',
        ...(before !== undefined && { deliveryDateEnd: BigInt(before) }),
        ...(since !== undefined && { deliveryDateStart: BigInt(since) }),
      },
    });
    const data = answer.data?.kind;
    if (data?.case !== 'messages') return [];
    const messages = data.value.messages.map(toChatMessage).filter((message) => message !== undefined);
    for (const message of messages) this.resume.isNew(message.id);
    return from === 'newest' ? messages.reverse() : messages;
  }

  async edit(messageId: bigint, text: string): Promise<void> {
    await this.client.request({ case: 'updateMessageRequest', value: { messageId, text } });
  }

  /** Takes a message back, for everybody. */
  async recall(messageId: bigint): Promise<void> {
    await this.client.request({
      case: 'updateMessageRequest',
      value: { messageId, recallDate: BigInt(Date.now()) },
    });
  }

  /** Until when each member has read each of the groups. */
  async groupReadDates(groupIds: bigint[]): Promise<Map<bigint, Map<bigint, number>>> {
    const dates = new Map<bigint, Map<bigint, number>>();
    if (groupIds.length === 0) return dates;
    const answer = await this.client.request({ case: 'queryConversationsRequest', value: { groupIds } });
    const data = answer.data?.kind;
    if (data?.case !== 'conversations') return dates;
    for (const conversation of data.value.groupConversations) {
      const ofGroup = new Map<bigint, number>();
      // The map's keys are 64-bit numbers, which an object's keys can only be as text.
      for (const [userId, date] of Object.entries(conversation.memberIdToReadDate)) {
        ofGroup.set(BigInt(userId), Number(date));
      }
      dates.set(conversation.groupId, ofGroup);
    }
    return dates;
  }

  /** Notes that the user has read the group until now. */
  async markGroupRead(groupId: bigint): Promise<void> {
    await this.client.request({
      case: 'updateConversationRequest',
      value: { groupId, readDate: BigInt(Date.now()) },
    });
  }

  /** Tells the others that the user is writing. */
  async typingInGroup(groupId: bigint): Promise<void> {
    await this.client.request({
      case: 'updateTypingStatusRequest',
      value: { isGroupMessage: true, toId: groupId },
    });
  }
}

function target(to: ConversationRef): { groupId: bigint } | { recipientId: bigint } {
  return 'groupId' in to ? { groupId: to.groupId } : { recipientId: to.userId };
}
