import { MediaFailure, type MediaFailureKind } from '../state/failures';

/** By the name of the browser's error (Media Capture and Streams, section 10.2), also of older browsers. */
const kinds: Record<string, MediaFailureKind> = {
  NotAllowedError: 'denied',
  PermissionDeniedError: 'denied',
  SecurityError: 'denied',
  NotFoundError: 'notFound',
  DevicesNotFoundError: 'notFound',
  NotReadableError: 'inUse',
  TrackStartError: 'inUse',
};

/** Why a device could not be used, from what the browser or LiveKit threw. */
export function toMediaFailure(error: unknown): MediaFailure {
  if (error instanceof MediaFailure) return error;
  const kind = error instanceof Error ? kinds[error.name] : undefined;
  return new MediaFailure(kind ?? (/permission/i.test(String(error)) ? 'notPermitted' : 'failed'));
}

/** Opens a device outside of any meeting, to show what it gives. Rejects with a `MediaFailure`. */
export async function openDevice(kind: 'audioinput' | 'videoinput', deviceId: string | undefined): Promise<MediaStream> {
  // One that is gone since it was chosen is no reason to have none: this is a wish, not a demand.
  const constraints = deviceId === undefined ? true : { deviceId };
  try {
    if (!navigator.mediaDevices) throw new MediaFailure('insecure');
    return await navigator.mediaDevices.getUserMedia(kind === 'audioinput' ? { audio: constraints } : { video: constraints });
  } catch (error) {
    throw toMediaFailure(error);
  }
}
