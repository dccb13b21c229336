import { fromBinary } from '@bufbuild/protobuf';
import type { MeetingParticipant, MeetingState } from './gen/turms/extension_pb.js';
import {
  type Group,
  type GroupInvitation,
  type GroupMember,
  GroupMemberRole,
  type Meeting,
  MeetingSchema,
  type Message,
  type MessageReactionGroup,
  RequestStatus,
  type UserInfo,
} from './gen/turms/model_pb.js';
import { type MeetingLife, toMeetingLife } from './meetingLife.js';

// The protocol's models as a program wants them: ids as bigint, times as milliseconds in a number, nothing optional
// that is always there.

export { GroupMemberRole, RequestStatus };

export interface ChatMessage {
  id: bigint;
  /** Absent in a conversation of two. */
  groupId?: bigint;
  recipientId?: bigint;
  senderId: bigint;
  /** Its place in the conversation: 1, 2, 3, … In what is queried. */
  sequence?: bigint;
  sentAt: number;
  editedAt?: number;
  text: string;
  /** The message that this one answers. */
  replyTo?: bigint;
  /** In what is queried. */
  reactions?: Reaction[];
  /** Set for messages that the server wrote, and in the place of one that was taken back. */
  system?: SystemContent;
}

export interface Reaction {
  /** A number that clients agree on: those of Turms take the code point of an emoji. */
  type: number;
  count: number;
  /** Of the first 20. */
  userIds: bigint[];
}

export type SystemContent =
  | { kind: 'recalled'; messageId: bigint }
  | { kind: 'meeting'; meeting: MeetingInfo }
  | { kind: 'other' };

export interface MeetingInfo {
  id: bigint;
  groupId?: bigint;
  creatorId: bigint;
  name?: string;
  startedAt: number;
  endedAt?: number;
}

export interface LiveParticipant {
  userId: bigint;
  name: string;
  joinedAt: number;
  microphone: boolean;
  camera: boolean;
  screen: boolean;
  role?: GroupMemberRole;
}

/** Who is in a meeting now. Of two states of a meeting, the one with the greater version is the newer. */
export interface LiveMeeting extends MeetingInfo {
  participants: LiveParticipant[];
  version: bigint;
  /** Where to connect for media; absent when it is the origin that serves messages. */
  mediaUrl?: string;
  /** What has become of it: roles, calls, lobby, hands, …. */
  life?: MeetingLife;
}

export interface GroupInfo {
  id: bigint;
  name: string;
  intro: string;
  ownerId: bigint;
  creatorId: bigint;
  createdAt: number;
  muteEndsAt?: number;
}

export interface Member {
  userId: bigint;
  /** The name in this group, when one is set. */
  name?: string;
  role: GroupMemberRole;
  joinedAt?: number;
  muteEndsAt?: number;
}

export interface Profile {
  id: bigint;
  name: string;
  intro: string;
}

export interface Invitation {
  id: bigint;
  groupId: bigint;
  inviterId: bigint;
  inviteeId: bigint;
  content: string;
  status: RequestStatus;
  createdAt: number;
}

const recallRecord = 1;
const meetingRecord = 2;

function readSystemContent(records: Uint8Array[]): SystemContent {
  const [type, payload] = records;
  if (type?.length !== 1 || !payload) return { kind: 'other' };
  try {
    if (type[0] === recallRecord && payload.length === 8) {
      const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
      return { kind: 'recalled', messageId: view.getBigInt64(0) };
    }
    if (type[0] === meetingRecord) {
      return { kind: 'meeting', meeting: toMeetingInfo(fromBinary(MeetingSchema, payload)) };
    }
  } catch {
    // A record of a later version: shown as any other system message.
  }
  return { kind: 'other' };
}

/** `undefined` when the message lacks what every message has. */
export function toChatMessage(message: Message): ChatMessage | undefined {
  if (message.id === undefined || message.deliveryDate === undefined) return undefined;
  return {
    id: message.id,
    senderId: message.senderId ?? 0n,
    sentAt: Number(message.deliveryDate),
    text: message.text ?? '',
    ...(message.groupId !== undefined && { groupId: message.groupId }),
    ...(message.recipientId !== undefined && { recipientId: message.recipientId }),
    ...(message.sequence !== undefined && { sequence: message.sequence }),
    ...(message.modificationDate !== undefined && { editedAt: Number(message.modificationDate) }),
    ...(message.preMessageId !== undefined && { replyTo: message.preMessageId }),
    ...(message.reactionGroups.length > 0 && { reactions: message.reactionGroups.map(toReaction) }),
    ...(message.recallDate !== undefined
      ? { system: { kind: 'recalled' as const, messageId: message.id } }
      : message.isSystemMessage && { system: readSystemContent(message.records) }),
  };
}

function toReaction({ reactionType, reactionCount, userInfos }: MessageReactionGroup): Reaction {
  return { type: reactionType, count: reactionCount, userIds: userInfos.map(({ id }) => id ?? 0n) };
}

export function toMeetingInfo(meeting: Meeting): MeetingInfo {
  const endDate = meeting.endDate ?? meeting.cancelDate;
  return {
    id: meeting.id,
    creatorId: meeting.creatorId,
    startedAt: Number(meeting.startDate),
    ...(meeting.groupId !== undefined && { groupId: meeting.groupId }),
    ...(meeting.name !== undefined && { name: meeting.name }),
    ...(endDate !== undefined && { endedAt: Number(endDate) }),
  };
}

function toLiveParticipant(participant: MeetingParticipant): LiveParticipant {
  return {
    userId: participant.userId,
    name: participant.name,
    joinedAt: Number(participant.joinedDate),
    microphone: participant.microphone,
    camera: participant.camera,
    screen: participant.screen,
    ...(participant.role !== undefined && { role: participant.role }),
  };
}

export function toLiveMeeting(state: MeetingState): LiveMeeting {
  return {
    id: state.meetingId,
    creatorId: state.creatorId,
    startedAt: Number(state.startDate),
    participants: state.participants.map(toLiveParticipant),
    version: state.version,
    life: toMeetingLife(state),
    ...(state.groupId !== undefined && { groupId: state.groupId }),
    ...(state.name !== undefined && { name: state.name }),
    ...(state.endDate !== undefined && { endedAt: Number(state.endDate) }),
    ...(state.mediaUrl !== undefined && { mediaUrl: state.mediaUrl }),
  };
}

export function toGroupInfo(group: Group): GroupInfo {
  return {
    id: group.id ?? 0n,
    name: group.name ?? '',
    intro: group.intro ?? '',
    ownerId: group.ownerId ?? 0n,
    creatorId: group.creatorId ?? 0n,
    createdAt: Number(group.creationDate ?? 0n),
    ...(group.muteEndDate !== undefined && { muteEndsAt: Number(group.muteEndDate) }),
  };
}

export function toMember(member: GroupMember): Member {
  return {
    userId: member.userId ?? 0n,
    role: member.role ?? GroupMemberRole.MEMBER,
    ...(member.name !== undefined && { name: member.name }),
    ...(member.joinDate !== undefined && { joinedAt: Number(member.joinDate) }),
    ...(member.muteEndDate !== undefined && { muteEndsAt: Number(member.muteEndDate) }),
  };
}

export function toProfile(info: UserInfo): Profile {
  return { id: info.id ?? 0n, name: info.name ?? '', intro: info.intro ?? '' };
}

export function toInvitation(invitation: GroupInvitation): Invitation {
  return {
    id: invitation.id ?? 0n,
    groupId: invitation.groupId ?? 0n,
    inviterId: invitation.inviterId ?? 0n,
    inviteeId: invitation.inviteeId ?? 0n,
    content: invitation.content ?? '',
    status: invitation.status ?? RequestStatus.PENDING,
    createdAt: Number(invitation.creationDate ?? 0n),
  };
}
