/** Codes with which the server answers a request. Only those that a program decides on are named. */
export const StatusCode = {
  Ok: 1000,
  NoContent: 1001,
  AlreadyUpToDate: 1002,
  InvalidRequest: 1100,
  TooFrequent: 1101,
  IllegalArgument: 1102,
  DuplicateKey: 1103,
  NonexistentSession: 1105,
  UnauthorizedRequest: 1106,
  InternalError: 1200,
  Unavailable: 1201,
  UnsupportedVersion: 2000,
  LoginTimeout: 2010,
  AuthenticationFailed: 2011,
  UserNotActive: 2012,
  ForbiddenDevice: 2013,
  SessionConflictDeclined: 2100,
  SessionAlreadyExists: 2103,
  HeartbeatWithoutSession: 2104,
  NotGroupOwner: 3001,
  NotGroupMember: 3003,
  ReadDateMovedBack: 4004,
  RecallTooLate: 5204,
  AttachmentNotShared: 6107,
  MeetingNotImplemented: 8000,
  MeetingQuota: 8100,
  MeetingCancelNotCreator: 8101,
  MeetingWrongPassword: 8200,
  MeetingCanceled: 8201,
  MeetingEnded: 8202,
  MeetingExpired: 8203,
  MeetingPending: 8204,
  MeetingNotFound: 8205,
  /** In the lobby: join again until it gives a token. */
  MeetingWaits: 8250,
  MeetingLocked: 8251,
  MeetingHeldOut: 8252,
  MeetingDenied: 8253,
  MeetingFull: 8254,
  /** The role in the meeting does not allow it. */
  MeetingNotAllowed: 8255,
  /** Nobody there to whom it could be done. */
  MeetingNobody: 8256,
} as const;

/** Statuses with which the server closes a session. */
export const CloseStatus = {
  IllegalRequest: 100,
  HeartbeatTimeout: 110,
  LoginTimeout: 111,
  Switch: 112,
  ServerError: 200,
  ServerClosed: 201,
  ServerUnavailable: 202,
  ConnectionClosed: 300,
  UnknownError: 400,
  DisconnectedByClient: 500,
  DisconnectedByOtherDevice: 501,
  DisconnectedByAdmin: 600,
  UserDeletedOrInactivated: 700,
  UserBlocked: 701,
} as const;

const successes: ReadonlySet<number> = new Set([
  StatusCode.Ok,
  StatusCode.NoContent,
  StatusCode.AlreadyUpToDate,
]);

export function isSuccess(code: number): boolean {
  return successes.has(code);
}

/**
 * Closings after which coming back would be wrong: the same user signed in elsewhere (two clients that both came back
 * would throw each other out for ever), somebody decided that this session should end, or we sent what the server
 * calls illegal and would send it again.
 */
const finalCloseStatuses: ReadonlySet<number> = new Set([
  CloseStatus.IllegalRequest,
  CloseStatus.DisconnectedByClient,
  CloseStatus.DisconnectedByOtherDevice,
  CloseStatus.DisconnectedByAdmin,
  CloseStatus.UserDeletedOrInactivated,
  CloseStatus.UserBlocked,
]);

export function mayReconnectAfter(closeStatus: number | undefined): boolean {
  return closeStatus === undefined || !finalCloseStatuses.has(closeStatus);
}

const retryableSignInCodes: ReadonlySet<number> = new Set([
  StatusCode.TooFrequent,
  StatusCode.InternalError,
  StatusCode.Unavailable,
  StatusCode.LoginTimeout,
  StatusCode.SessionAlreadyExists,
]);

/** Whether a sign-in that was refused with this code may succeed when it is simply tried again. */
export function mayRetrySignIn(code: number): boolean {
  return retryableSignInCodes.has(code);
}
