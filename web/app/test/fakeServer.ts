import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { MeetingSchema } from '../../packages/client/dist/gen/turms/model_pb.js';
import { TurmsNotificationSchema } from '../../packages/client/dist/gen/turms/notification_pb.js';
import { type TurmsRequest, TurmsRequestSchema } from '../../packages/client/dist/gen/turms/request_pb.js';

type Notification = MessageInitShape<typeof TurmsNotificationSchema>;
type Data = NonNullable<Notification['data']>['kind'];
type Kind = TurmsRequest['kind'];

interface StoredMessage {
  id: bigint;
  /** Of a group, or minus the ids of the two of a private conversation. */
  place: string;
  sequence: bigint;
  groupId?: bigint;
  recipientId?: bigint;
  preMessageId?: bigint;
  recallDate?: bigint;
  reactions: Map<number, bigint[]>;
  pinned?: boolean;
  senderId: bigint;
  deliveryDate: bigint;
  modificationDate?: bigint;
  text: string;
  isSystemMessage?: boolean;
  records: Uint8Array<ArrayBuffer>[];
}

interface StoredGroup {
  id: bigint;
  name: string;
  members: Map<bigint, { role: number; muteEndDate?: bigint }>;
  reads: Map<bigint, bigint>;
}

interface StoredMeeting {
  id: bigint;
  groupId: bigint;
  creatorId: bigint;
  startDate: bigint;
  endDate?: bigint;
  version: bigint;
  participants: Map<bigint, { joinedDate: bigint; microphone: boolean; camera: boolean; screen: boolean }>;
}

interface StoredInvitation {
  id: bigint;
  groupId: bigint;
  inviterId: bigint;
  inviteeId: bigint;
  content: string;
  status: number;
}

class Refusal {
  constructor(
    readonly code: number,
    readonly reason?: string,
  ) {}
}

/** Messaging in memory: enough of a server to show and test the app without one. */
export class FakeTurms {
  readonly users = new Map<bigint, string>([
    [1n, 'Alice'],
    [2n, 'Bob'],
    [3n, 'Carol'],
  ]);
  readonly groups = new Map<bigint, StoredGroup>();
  readonly messages: StoredMessage[] = [];
  readonly meetings = new Map<bigint, StoredMeeting>();
  readonly invitations: StoredInvitation[] = [];
  /** What a member who accepts gets to connect for media with. */
  tokenFor: (userId: bigint, meetingId: bigint) => string = () => 'token';
  mediaUrl: string | undefined;
  /** Refuses these requests with the code. */
  readonly refuse = new Map<string, number>();
  /** Leaves these requests without an answer and without effect. */
  readonly silent = new Set<string>();
  /** How many of each request came. */
  readonly received = new Map<string, number>();
  readonly deletedFiles: bigint[] = [];
  /** How far each has read: by user and place. */
  readonly read = new Map<string, bigint>();
  private readonly tokens = new Map<string, bigint>();
  private readonly sessions = new Map<WebSocket, bigint>();
  private readonly http: Server;
  private nextId = 1000n;
  private clock = BigInt(Date.now());

  private constructor(serve: (request: IncomingMessage, response: ServerResponse) => void) {
    this.http = createServer(serve);
    new WebSocketServer({ server: this.http, path: '/turms' }).on('connection', (socket) => {
      socket.on('message', (data: Buffer) => this.receive(socket, data));
      socket.on('close', () => this.sessions.delete(socket));
      socket.on('error', () => {});
    });
  }

  static async start(
    serve: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => response.end(),
    port = 0,
  ): Promise<FakeTurms> {
    const server = new FakeTurms(serve);
    await new Promise<void>((resolve) => server.http.listen(port, '127.0.0.1', resolve));
    return server;
  }

  get origin(): string {
    return `127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.dropConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }

  dropConnections(): void {
    for (const socket of this.sessions.keys()) socket.terminate();
  }

  closeSession(userId: bigint, closeStatus: number): void {
    for (const [socket, id] of this.sessions) if (id === userId) this.notify(socket, { closeStatus });
  }

  addGroup(name: string, members: [bigint, number][]): bigint {
    const id = this.newId();
    const withRoles = new Map(members.map(([userId, role]) => [userId, { role }]));
    this.groups.set(id, { id, name, members: withRoles, reads: new Map() });
    return id;
  }

  /** Stores a message and delivers it to whoever is there. */
  post(groupId: bigint, senderId: bigint, text: string, options: Partial<StoredMessage> = {}): StoredMessage {
    return this.store(`g${groupId}`, { groupId, senderId, text, ...options });
  }

  /** The same in the conversation of two. */
  postTo(recipientId: bigint, senderId: bigint, text: string, options: Partial<StoredMessage> = {}): StoredMessage {
    return this.store(privatePlace(recipientId, senderId), { recipientId, senderId, text, ...options });
  }

  private store(place: string, options: Partial<StoredMessage> & Pick<StoredMessage, 'senderId' | 'text'>): StoredMessage {
    const message: StoredMessage = {
      id: this.newId(),
      place,
      sequence: this.lastSequence(place) + 1n,
      deliveryDate: this.now(),
      records: [],
      reactions: new Map(),
      ...options,
    };
    this.messages.push(message);
    return message;
  }

  private lastSequence(place: string): bigint {
    return this.messages.reduce((last, message) => (message.place === place && message.sequence > last ? message.sequence : last), 0n);
  }

  /** Who is in the conversation of the message. */
  private audienceOf({ groupId, recipientId, senderId }: StoredMessage): bigint[] {
    return groupId !== undefined ? this.membersOf(groupId) : [recipientId!, senderId];
  }

  deliver(message: StoredMessage, except?: WebSocket): void {
    const { id: messageId, sequence, groupId, recipientId, text, deliveryDate, records, isSystemMessage, preMessageId } = message;
    const kind = {
      case: 'createMessageRequest',
      value: {
        messageId,
        text,
        deliveryDate,
        records,
        ...(groupId !== undefined && { groupId }),
        ...(recipientId !== undefined && { recipientId }),
        ...(preMessageId !== undefined && { preMessageId }),
        ...(isSystemMessage && { isSystemMessage }),
      },
    } as const;
    this.push(this.audienceOf(message), message.senderId, except, kind, { messageId, sequence, deliveryDate });
  }

  pushTyping(groupId: bigint, userId: bigint): void {
    const kind = { case: 'updateTypingStatusRequest', value: { isGroupMessage: true, toId: groupId } } as const;
    this.push(this.membersOf(groupId), userId, undefined, kind);
  }

  startMeeting(groupId: bigint, creatorId: bigint, except?: WebSocket): StoredMeeting {
    const id = this.newId();
    const startDate = this.now();
    const meeting: StoredMeeting = { id, groupId, creatorId, startDate, version: 1n, participants: new Map() };
    this.meetings.set(id, meeting);
    const payload = toBinary(MeetingSchema, create(MeetingSchema, { id, groupId, creatorId, startDate }));
    this.pushMeeting(meeting);
    this.deliver(this.post(groupId, 0n, '', { isSystemMessage: true, records: [Uint8Array.of(2), Uint8Array.from(payload)] }), except);
    return meeting;
  }

  setParticipant(meetingId: bigint, userId: bigint, present: boolean): void {
    const meeting = this.meetings.get(meetingId)!;
    if (present) meeting.participants.set(userId, { joinedDate: this.now(), microphone: true, camera: true, screen: false });
    else meeting.participants.delete(userId);
    meeting.version += 1n;
    this.pushMeeting(meeting);
  }

  endMeeting(meetingId: bigint): void {
    const meeting = this.meetings.get(meetingId)!;
    meeting.endDate = this.now();
    meeting.participants.clear();
    meeting.version += 1n;
    this.pushMeeting(meeting);
  }

  removeMember(groupId: bigint, userId: bigint, by: bigint, except?: WebSocket): void {
    const told = this.membersOf(groupId);
    this.groups.get(groupId)!.members.delete(userId);
    this.push(told, by, except, { case: 'deleteGroupMembersRequest', value: { groupId, memberIds: [userId] } });
  }

  private receive(socket: WebSocket, data: Buffer): void {
    if (data.length === 0) {
      socket.send(Buffer.alloc(0));
      return;
    }
    const request = fromBinary(TurmsRequestSchema, data);
    const requestId = request.requestId!;
    const name = request.kind.case ?? '';
    this.received.set(name, (this.received.get(name) ?? 0) + 1);
    if (this.silent.has(name)) return;
    const refused = this.refuse.get(request.kind.case ?? '');
    try {
      if (refused !== undefined) throw new Refusal(refused);
      const answer = this.handle(socket, request.kind);
      const created = request.kind.case === 'createMessageRequest' ? this.messages.at(-1)! : undefined;
      this.notify(socket, {
        requestId,
        code: answer ? 1000 : 1001,
        ...(answer && { data: { kind: answer } }),
        ...(created && { messagePlace: { messageId: created.id, sequence: created.sequence, deliveryDate: created.deliveryDate } }),
      });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.notify(socket, { requestId, code: error.code, ...(error.reason && { reason: error.reason }) });
    }
  }

  /** As a changed password does. */
  forgetTokens(): void {
    this.tokens.clear();
  }

  /** Returns the data of the answer. */
  private handle(socket: WebSocket, kind: Kind): Data | undefined {
    if (kind.case === 'createSessionRequest') {
      const { password, sessionToken, userName } = kind.value;
      const named = [...this.users].filter(([, name]) => name.toLowerCase() === userName?.toLowerCase());
      const userId = kind.value.userId || (named.length === 1 ? named[0]![0] : 0n);
      const isKnown = sessionToken !== undefined && this.tokens.get(sessionToken) === userId;
      if (!this.users.has(userId) || (password !== 'turms' && !isKnown)) throw new Refusal(2011);
      if (!isKnown) {
        const token = `token-${userId}-${this.tokens.size}`;
        this.tokens.set(token, userId);
        const value = { sessionToken: token, ...(userName !== undefined && { userId }) };
        this.notify(socket, { data: { kind: { case: 'userSession', value } } });
      }
      this.sessions.set(socket, userId);
      return undefined;
    }
    const me = this.sessions.get(socket);
    if (me === undefined) throw new Refusal(1200);
    switch (kind.case) {
      case 'queryUserProfilesRequest': {
        const { name: wanted } = kind.value;
        if (wanted !== undefined) {
          const found = [...this.users].filter(([, name]) => name.toLowerCase().includes(wanted.toLowerCase()));
          return { case: 'userInfosWithVersion', value: { userInfos: found.map(([id, name]) => ({ id, name })) } };
        }
        const userInfos = kind.value.userIds.flatMap((id) => {
          const name = this.users.get(id);
          return name ? [{ id, name }] : [];
        });
        return { case: 'userInfosWithVersion', value: { userInfos } };
      }
      case 'queryJoinedGroupInfosRequest': {
        const groups = [...this.groups.values()].filter(({ members }) => members.has(me));
        return { case: 'groupsWithVersion', value: { groups: groups.map(({ id, name }) => ({ id, name })) } };
      }
      case 'queryGroupMembersRequest': {
        const { groupId } = kind.value;
        const groupMembers = [...this.memberOnly(groupId, me, 3421).members].map(([userId, member]) => ({
          groupId,
          userId,
          ...member,
        }));
        return { case: 'groupMembersWithVersion', value: { groupMembers } };
      }
      case 'createGroupRequest':
        return { case: 'long', value: this.addGroup(kind.value.name, [[me, 0]]) };
      case 'createGroupInvitationRequest': {
        const { groupId, inviteeId, content } = kind.value;
        if (!this.users.has(inviteeId)) throw new Refusal(2300);
        if (this.memberOnly(groupId, me, 3703).members.has(inviteeId)) throw new Refusal(3700);
        const id = this.newId();
        this.invitations.push({ id, groupId, inviterId: me, inviteeId, content, status: 0 });
        this.push([inviteeId], me, undefined, { case: kind.case, value: { groupId, inviteeId, content } });
        return { case: 'long', value: id };
      }
      case 'queryGroupInvitationsRequest': {
        const groupInvitations = this.invitations.filter(({ inviteeId }) => inviteeId === me);
        return { case: 'groupInvitationsWithVersion', value: { groupInvitations } };
      }
      case 'updateGroupInvitationRequest': {
        const { invitationId, responseAction } = kind.value;
        const invitation = this.invitations.find(({ id }) => id === invitationId)!;
        invitation.status = responseAction === 0 ? 1 : 3;
        if (responseAction === 0) this.groups.get(invitation.groupId)!.members.set(me, { role: 2 });
        const value = { invitationId, responseAction };
        this.push([invitation.inviterId], me, undefined, { case: kind.case, value });
        return undefined;
      }
      case 'deleteGroupMembersRequest':
        this.removeMember(kind.value.groupId, kind.value.memberIds[0]!, me, socket);
        return undefined;
      case 'updateGroupMemberRequest': {
        const { groupId, memberId, role, muteEndDate } = kind.value;
        const member = this.groups.get(groupId)!.members.get(memberId)!;
        if (role !== undefined) member.role = role;
        if (muteEndDate !== undefined) member.muteEndDate = muteEndDate;
        return undefined;
      }
      case 'createMessageRequest': {
        const { groupId, recipientId, preMessageId, messageId: copied } = kind.value;
        if (groupId !== undefined) this.memberOnly(groupId, me, 5009);
        const text = copied === undefined ? (kind.value.text ?? '') : this.messages.find(({ id }) => id === copied)!.text;
        const options = preMessageId === undefined ? {} : { preMessageId };
        const message = groupId !== undefined ? this.post(groupId, me, text, options) : this.postTo(recipientId!, me, text, options);
        this.groups.get(groupId ?? 0n)?.reads.set(me, message.deliveryDate);
        this.read.set(`${me} ${message.place}`, message.sequence);
        this.deliver(message, socket);
        return { case: 'long', value: message.id };
      }
      case 'updateMessageRequest': {
        const { messageId, text, recallDate } = kind.value;
        const message = this.messages.find(({ id }) => id === messageId)!;
        if (message.senderId !== me) throw new Refusal(recallDate === undefined ? 5101 : 5202);
        if (recallDate !== undefined) Object.assign(message, { recallDate, text: '' });
        else Object.assign(message, { text, modificationDate: this.now() });
        this.push(this.audienceOf(message), me, socket, {
          case: kind.case,
          value: { messageId, ...(text !== undefined && { text }), ...(recallDate !== undefined && { recallDate }) },
        });
        if (recallDate !== undefined) {
          const payload = new Uint8Array(8);
          new DataView(payload.buffer).setBigInt64(0, messageId);
          const options = { isSystemMessage: true, records: [Uint8Array.of(1), payload] };
          const { groupId, recipientId } = message;
          this.deliver(groupId !== undefined ? this.post(groupId, 0n, '', options) : this.postTo(recipientId!, me, '', options));
        }
        return undefined;
      }
      case 'createMessageReactionsRequest':
      case 'deleteMessageReactionsRequest': {
        const { messageId, reactionTypes } = kind.value;
        const message = this.messages.find(({ id }) => id === messageId)!;
        for (const type of reactionTypes) {
          const others = (message.reactions.get(type) ?? []).filter((id) => id !== me);
          message.reactions.set(type, kind.case === 'createMessageReactionsRequest' ? [...others, me] : others);
        }
        this.push(this.audienceOf(message), me, socket, { case: kind.case, value: { messageId, reactionTypes } });
        return undefined;
      }
      case 'updatePinnedMessageRequest': {
        const message = this.messages.find(({ id }) => id === kind.value.messageId)!;
        message.pinned = kind.value.pinned;
        this.push(this.audienceOf(message), me, socket, { case: kind.case, value: kind.value });
        return undefined;
      }
      case 'queryPinnedMessagesRequest': {
        const place = placeOf(kind.value, me);
        const messages = this.messages.filter((message) => message.place === place && message.pinned).reverse();
        return { case: 'messages', value: { messages: messages.map(toWire) } };
      }
      case 'queryConversationListRequest':
        return this.list(me);
      case 'queryConversationMessagesRequest': {
        const { groupId, afterSequence, maxCount = 200 } = kind.value;
        if (groupId !== undefined) this.memberOnly(groupId, me, 5300);
        const place = placeOf(kind.value, me);
        const all = this.messages.filter((message) => message.place === place && message.sequence > afterSequence);
        const messages = all.slice(0, maxCount);
        const lastSequence = this.lastSequence(place);
        const throughSequence = all.length > maxCount ? messages.at(-1)!.sequence : lastSequence;
        return { case: 'conversationMessages', value: { messages: messages.map(toWire), throughSequence, lastSequence } };
      }
      case 'searchMessagesRequest': {
        const found = this.messages.filter(({ text }) => text.includes(kind.value.query));
        const foundMessages = found.map((message) => ({
          message: toWire(message),
          highlights: [{ start: message.text.indexOf(kind.value.query), length: kind.value.query.length }],
        }));
        return { case: 'foundMessages', value: { foundMessages } };
      }
      case 'queryResourceUploadInfoRequest': {
        if (kind.value.idNum! < 0n) this.memberOnly(-kind.value.idNum!, me, 6101);
        return { case: 'stringsWithVersion', value: { strings: ['policy', 'p', 'url', 'http://store.example/b', 'id', `${this.newId()}`] } };
      }
      case 'deleteResourceRequest':
        this.deletedFiles.push(kind.value.idNum!);
        return undefined;
      case 'queryMessagesRequest':
        return this.queryMessages(me, kind.value);
      case 'queryConversationsRequest': {
        const groupConversations = kind.value.groupIds.map((groupId) => ({
          groupId,
          memberIdToReadDate: Object.fromEntries(
            [...(this.groups.get(groupId)?.reads ?? [])].map(([userId, date]) => [`${userId}`, date]),
          ),
        }));
        return { case: 'conversations', value: { groupConversations } };
      }
      case 'updateConversationRequest': {
        const { groupId, userId, readSequence } = kind.value;
        const place = placeOf(kind.value, me);
        const sequence = readSequence ?? this.lastSequence(place);
        const readDate = this.now();
        if (sequence < (this.read.get(`${me} ${place}`) ?? 0n)) throw new Refusal(4004);
        this.read.set(`${me} ${place}`, sequence);
        if (groupId !== undefined) this.groups.get(groupId)!.reads.set(me, readDate);
        const value = { readerId: me, readSequence: sequence, readDate, ...(groupId !== undefined ? { groupId } : { userId: userId! }) };
        const told = groupId !== undefined ? this.membersOf(groupId) : [me, userId!];
        for (const [other, id] of this.sessions) {
          if (other !== socket && told.includes(id)) this.notify(other, { data: { kind: { case: 'readPosition', value } } });
        }
        return undefined;
      }
      case 'updateTypingStatusRequest':
        if (kind.value.isGroupMessage) this.pushTyping(kind.value.toId, me);
        else this.push([kind.value.toId], me, undefined, { case: kind.case, value: kind.value });
        return undefined;
      case 'createMeetingRequest': {
        this.memberOnly(kind.value.groupId!, me, 5009);
        return { case: 'long', value: this.startMeeting(kind.value.groupId!, me, socket).id };
      }
      case 'updateMeetingInvitationRequest': {
        const meeting = this.meetings.get(kind.value.meetingId);
        if (!meeting || !this.groups.get(meeting.groupId)!.members.has(me)) throw new Refusal(8205);
        if (meeting.endDate !== undefined) throw new Refusal(8202);
        if (kind.value.responseAction !== 0) return undefined;
        return { case: 'string', value: this.tokenFor(me, meeting.id) };
      }
      case 'deleteMeetingRequest':
        this.endMeeting(kind.value.id!);
        return undefined;
      case 'queryMeetingsRequest': {
        const meetings = kind.value.ids.flatMap((id) => this.meetings.get(id) ?? []);
        return { case: 'meetings', value: { meetings: meetings.map(({ version: _, participants: __, ...rest }) => rest) } };
      }
      case 'queryMeetingStateRequest': {
        const { groupId } = kind.value;
        const live = [...this.meetings.values()].filter((each) => each.groupId === groupId && each.endDate === undefined);
        return { case: 'meetingStates', value: { meetingStates: live.map((meeting) => this.stateOf(meeting)) } };
      }
      default:
        throw new Refusal(1100, `not spoken here: ${kind.case}`);
    }
  }

  private queryMessages(me: bigint, query: Extract<Kind, { case: 'queryMessagesRequest' }>['value']): Data | undefined {
    const matching = this.messages.filter(
      (message) =>
        this.audienceOf(message).includes(me) &&
        message.recallDate === undefined &&
        (query.ids.length > 0
          ? query.ids.includes(message.id)
          : query.areGroupMessages === (message.groupId !== undefined) && (message.groupId !== undefined || message.senderId !== me)) &&
        (query.deliveryDateStart === undefined || message.deliveryDate >= query.deliveryDateStart) &&
        (query.deliveryDateEnd === undefined || message.deliveryDate < query.deliveryDateEnd),
    );
    const messages = matching.slice(0, query.maxCount ?? 1000);
    return messages.length === 0 ? undefined : { case: 'messages', value: { messages: messages.map(toWire) } };
  }

  private list(me: bigint): Data {
    const groups = [...this.groups.values()].filter(({ members }) => members.has(me));
    const places = new Map<string, { groupId: bigint } | { userId: bigint }>(groups.map(({ id }) => [`g${id}`, { groupId: id }]));
    for (const { groupId, recipientId, senderId, place } of this.messages) {
      if (groupId !== undefined || (recipientId !== me && senderId !== me)) continue;
      places.set(place, { userId: recipientId === me ? senderId : recipientId! });
    }
    const conversations = [...places].map(([place, ref]) => {
      const messages = this.messages.filter((message) => message.place === place);
      const readSequence = this.read.get(`${me} ${place}`) ?? 0n;
      const unread = messages.filter(
        ({ sequence, senderId, recallDate, isSystemMessage }) =>
          sequence > readSequence && senderId !== me && recallDate === undefined && !isSystemMessage,
      );
      const last = messages.filter(({ recallDate }) => recallDate === undefined).at(-1);
      return {
        ...ref,
        lastSequence: this.lastSequence(place),
        readSequence,
        theirReadSequence: 'userId' in ref ? (this.read.get(`${ref.userId} ${place}`) ?? 0n) : 0n,
        unreadCount: unread.length,
        mentioned: unread.some(({ text }) => text.includes(`@{${me}}`)),
        ...(last && { lastMessage: toWire(last) }),
      };
    });
    return { case: 'conversationSummaries', value: { conversations } };
  }

  private memberOnly(groupId: bigint, me: bigint, code: number): StoredGroup {
    const group = this.groups.get(groupId);
    if (!group?.members.has(me)) throw new Refusal(code);
    return group;
  }

  private membersOf(groupId: bigint): bigint[] {
    return [...this.groups.get(groupId)!.members.keys()];
  }

  private stateOf(meeting: StoredMeeting) {
    const { id: meetingId, groupId, creatorId, startDate, endDate, version } = meeting;
    const participants = [...meeting.participants].map(([userId, state]) => ({
      userId,
      name: this.users.get(userId)!,
      ...state,
    }));
    return {
      meetingId,
      groupId,
      creatorId,
      startDate,
      version,
      participants,
      ...(endDate !== undefined && { endDate }),
      ...(this.mediaUrl !== undefined && { mediaUrl: this.mediaUrl }),
    };
  }

  private pushMeeting(meeting: StoredMeeting): void {
    const data: Notification['data'] = {
      kind: { case: 'meetingStates', value: { meetingStates: [this.stateOf(meeting)] } },
    };
    const members = this.membersOf(meeting.groupId);
    for (const [socket, userId] of this.sessions) if (members.includes(userId)) this.notify(socket, { data });
  }

  private push(
    to: bigint[],
    requesterId: bigint,
    except: WebSocket | undefined,
    kind: NonNullable<NonNullable<Notification['relayedRequest']>['kind']>,
    messagePlace?: Notification['messagePlace'],
  ): void {
    const notification = { requesterId, relayedRequest: { requestId: 1n, kind }, ...(messagePlace && { messagePlace }) };
    for (const [socket, userId] of this.sessions) {
      if (socket !== except && to.includes(userId)) this.notify(socket, notification);
    }
  }

  private notify(socket: WebSocket, notification: Notification): void {
    const message = create(TurmsNotificationSchema, { timestamp: BigInt(Date.now()), ...notification });
    socket.send(toBinary(TurmsNotificationSchema, message));
  }

  private newId(): bigint {
    this.nextId += 1n;
    return this.nextId;
  }

  /** The time, each later than the one before. */
  private now(): bigint {
    const time = BigInt(Date.now());
    this.clock = time > this.clock ? time : this.clock + 1n;
    return this.clock;
  }
}

function privatePlace(a: bigint, b: bigint): string {
  return a < b ? `u${a} ${b}` : `u${b} ${a}`;
}

function placeOf({ groupId, userId }: { groupId?: bigint; userId?: bigint }, me: bigint): string {
  return groupId !== undefined ? `g${groupId}` : privatePlace(userId!, me);
}

function toWire({ place: _, reactions, pinned: __, ...message }: StoredMessage) {
  const reactionGroups = [...reactions]
    .filter(([, users]) => users.length > 0)
    .map(([reactionType, users]) => ({ reactionType, reactionCount: users.length, userInfos: users.map((id) => ({ id })) }));
  return { ...message, reactionGroups };
}
