import { create } from '@bufbuild/protobuf';
import { MessageSchema, ResponseAction } from './gen/turms/model_pb.js';
import type { TurmsNotification } from './gen/turms/notification_pb.js';
import { type MeetingSignal, toMeetingSignal } from './meetingLife.js';
import { type ChatMessage, type LiveMeeting, toChatMessage, toLiveMeeting } from './models.js';

/** What others did, and what another device of the same user did. Times are milliseconds. */
export interface PushEvents {
  /** A message that was just delivered. */
  message: { message: ChatMessage };
  /** A message was edited (`text` set) or recalled (`recalledAt` set). */
  messageUpdated: { messageId: bigint; by: bigint; at: number; text?: string; recalledAt?: number };
  typing: { userId: bigint; groupId?: bigint };
  /** Somebody read a conversation: in a group, up to `readAt`. */
  read: { by: bigint; readAt: number; groupId?: bigint; userId?: bigint };
  /** How far somebody has read: this user on another device, or somebody that this user has a conversation with. */
  readPosition: { by: bigint; sequence: bigint; readAt: number; groupId?: bigint; userId?: bigint };
  /** Somebody reacted to a message, or took that back: without `types`, all of theirs. */
  reaction: { messageId: bigint; by: bigint; types: number[]; added: boolean };
  messagePinned: { messageId: bigint; by: bigint; pinned: boolean };
  membersChanged: {
    groupId: bigint;
    change: 'added' | 'removed' | 'updated';
    userIds: bigint[];
    by: bigint;
  };
  groupChanged: { groupId?: bigint; change: 'created' | 'updated' | 'deleted'; by: bigint };
  invitation: { groupId: bigint; inviterId: bigint; inviteeId: bigint };
  invitationAnswered: { invitationId: bigint; by: bigint; accepted: boolean };
  /** Somebody asked to be a friend or answered that, or another device of the user changed whom the user knows. */
  contactsChanged: { by: bigint };
  /** The live state of a meeting changed. */
  meeting: LiveMeeting;
  /** This user is called, admitted, asked to unmute, … in a meeting. */
  meetingSignal: MeetingSignal;
  /** Somebody answered the invitation to a meeting. */
  meetingAnswered: { meetingId: bigint; by: bigint; answer: 'accept' | 'decline' | 'ignore' };
  /** A meeting was cancelled by a device or user other than this one. */
  meetingDeleted: { meetingId: bigint; by: bigint };
  /** Every push as it came, understood or not. */
  push: TurmsNotification;
}

export type PushEvent = {
  [Name in keyof PushEvents]: { name: Name; payload: PushEvents[Name] };
}[keyof PushEvents];

const answers = {
  [ResponseAction.ACCEPT]: 'accept',
  [ResponseAction.DECLINE]: 'decline',
  [ResponseAction.IGNORE]: 'ignore',
} as const;

/** Translates one push into the events above. */
export function readPush(notification: TurmsNotification): PushEvent[] {
  const events: PushEvent[] = [{ name: 'push', payload: notification }];
  const data = notification.data?.kind;
  if (data?.case === 'meetingStates') {
    for (const state of data.value.meetingStates) events.push({ name: 'meeting', payload: toLiveMeeting(state) });
  }
  if (data?.case === 'readPosition') {
    const { readerId, readSequence, readDate } = data.value;
    const payload = { by: readerId, sequence: readSequence, readAt: Number(readDate), ...pick(data.value, ['groupId', 'userId']) };
    events.push({ name: 'readPosition', payload });
  }
  if (data?.case === 'meetingSignal') {
    const signal = toMeetingSignal(data.value);
    if (signal) events.push({ name: 'meetingSignal', payload: signal });
  }
  const relayed = readRelayed(notification);
  if (relayed) events.push(relayed);
  return events;
}

function readRelayed(notification: TurmsNotification): PushEvent | undefined {
  const request = notification.relayedRequest?.kind;
  if (!request) return undefined;
  const by = notification.requesterId ?? 0n;
  const at = Number(notification.timestamp);
  switch (request.case) {
    case 'createMessageRequest': {
      const { messageId, deliveryDate } = request.value;
      const message = toChatMessage(
        create(MessageSchema, {
          ...pick(request.value, ['text', 'groupId', 'recipientId', 'isSystemMessage', 'records', 'preMessageId']),
          ...(notification.messagePlace && { sequence: notification.messagePlace.sequence }),
          ...(messageId !== undefined && { id: messageId }),
          deliveryDate: deliveryDate ?? notification.timestamp,
          senderId: by,
        }),
      );
      return message && { name: 'message', payload: { message } };
    }
    case 'updateMessageRequest': {
      const { messageId, text, recallDate } = request.value;
      return {
        name: 'messageUpdated',
        payload: {
          messageId,
          by,
          at,
          ...(text !== undefined && { text }),
          ...(recallDate !== undefined && { recalledAt: Number(recallDate) }),
        },
      };
    }
    case 'createMessageReactionsRequest':
    case 'deleteMessageReactionsRequest': {
      const { messageId, reactionTypes: types } = request.value;
      return { name: 'reaction', payload: { messageId, by, types, added: request.case === 'createMessageReactionsRequest' } };
    }
    case 'updatePinnedMessageRequest':
      return { name: 'messagePinned', payload: { messageId: request.value.messageId, by, pinned: request.value.pinned } };
    case 'updateTypingStatusRequest': {
      const { isGroupMessage, toId } = request.value;
      return { name: 'typing', payload: { userId: by, ...(isGroupMessage && { groupId: toId }) } };
    }
    case 'updateConversationRequest':
      return {
        name: 'read',
        payload: { by, readAt: Number(request.value.readDate), ...pick(request.value, ['groupId', 'userId']) },
      };
    case 'createFriendRequestRequest':
    case 'updateFriendRequestRequest':
    case 'deleteFriendRequestRequest':
    case 'createRelationshipRequest':
    case 'updateRelationshipRequest':
    case 'deleteRelationshipRequest':
      return { name: 'contactsChanged', payload: { by } };
    case 'createGroupMembersRequest': {
      const { groupId, userIds } = request.value;
      return { name: 'membersChanged', payload: { groupId, change: 'added', userIds, by } };
    }
    case 'deleteGroupMembersRequest': {
      const { groupId, memberIds } = request.value;
      return { name: 'membersChanged', payload: { groupId, change: 'removed', userIds: memberIds, by } };
    }
    case 'updateGroupMemberRequest': {
      const { groupId, memberId } = request.value;
      return { name: 'membersChanged', payload: { groupId, change: 'updated', userIds: [memberId], by } };
    }
    case 'createGroupRequest':
      return { name: 'groupChanged', payload: { change: 'created', by } };
    case 'updateGroupRequest':
      return { name: 'groupChanged', payload: { groupId: request.value.groupId, change: 'updated', by } };
    case 'deleteGroupRequest':
      return { name: 'groupChanged', payload: { groupId: request.value.groupId, change: 'deleted', by } };
    case 'createGroupInvitationRequest': {
      const { groupId, inviteeId } = request.value;
      return { name: 'invitation', payload: { groupId, inviterId: by, inviteeId } };
    }
    case 'updateGroupInvitationRequest': {
      const { invitationId, responseAction } = request.value;
      const accepted = responseAction === ResponseAction.ACCEPT;
      return { name: 'invitationAnswered', payload: { invitationId, by, accepted } };
    }
    case 'updateMeetingInvitationRequest': {
      const { meetingId, responseAction } = request.value;
      return { name: 'meetingAnswered', payload: { meetingId, by, answer: answers[responseAction] ?? 'ignore' } };
    }
    case 'deleteMeetingRequest':
      if (request.value.id === undefined) return undefined;
      return { name: 'meetingDeleted', payload: { meetingId: request.value.id, by } };
    default:
      return undefined;
  }
}

function pick<T extends object, K extends keyof T>(value: T, keys: K[]): { [P in K]?: Exclude<T[P], undefined> } {
  const picked: { [P in K]?: Exclude<T[P], undefined> } = {};
  for (const key of keys) {
    if (value[key] !== undefined) picked[key] = value[key] as Exclude<T[K], undefined>;
  }
  return picked;
}
