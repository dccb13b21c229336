export { Attachments, type FilesQuery, type StoredFile } from './attachments.js';
export { TurmsClient, type ClientEvents, type ClientOptions, type ClientState, type Credentials } from './client.js';
export type { FriendRequest, Relationship } from './contacts.js';
export type { Conversation, ConversationRef, FoundMessage, Missed, Page } from './conversations.js';
export { CloseStatus, isSuccess, mayReconnectAfter, mayRetrySignIn, StatusCode } from './codes.js';
export { mayHaveTakenEffect, TurmsError, type TurmsErrorKind } from './errors.js';
export {
  type CallState,
  MeetingControl,
  type MeetingLife,
  type MeetingPerson,
  type MeetingPhase,
  type MeetingPlace,
  type MeetingRole,
  type MeetingSignal,
  type TrackKind,
} from './meetingLife.js';
export { type MeetingLeft, MeetingSession, type MeetingSessionOptions, type MeetingSessionState } from './meetingSession.js';
export type { HistoryQuery, SendOptions, Sent } from './messages.js';
export {
  type ChatMessage,
  type GroupInfo,
  GroupMemberRole,
  type Invitation,
  type LiveMeeting,
  type LiveParticipant,
  type MeetingInfo,
  type Member,
  type Profile,
  type Reaction,
  RequestStatus,
  type SystemContent,
} from './models.js';
export { type OnlineStatus, Presence, UserStatus } from './presence.js';
export type { PushEvents } from './pushes.js';
export type { Requester } from './requester.js';
export { type Setting, Settings } from './settings.js';
export { type Attachment, attachmentText, parseAttachment, type ResourceLink } from './storage.js';
export { DeviceType } from './gen/turms/model_pb.js';
export type { TurmsNotification } from './gen/turms/notification_pb.js';
export type { RequestKind, RequestName, WebSocketConstructor, WebSocketLike } from './wire.js';
