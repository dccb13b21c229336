export type MediaFailureKind = 'denied' | 'notFound' | 'inUse' | 'insecure' | 'failed' | 'notPermitted' | 'effect' | 'effectSlow';

/** A camera, microphone or screen could not be used. */
export class MediaFailure extends Error {
  override readonly name = 'MediaFailure';

  constructor(readonly kind: MediaFailureKind) {
    super(`media: ${kind}`);
  }
}

export type MeetingFailureKind = 'unreachable' | 'refused' | 'full' | 'busy' | 'failed' | 'noMedia';

/** The media server could not be joined. */
export class MeetingFailure extends Error {
  override readonly name = 'MeetingFailure';

  constructor(readonly kind: MeetingFailureKind) {
    super(`meeting: ${kind}`);
  }
}
