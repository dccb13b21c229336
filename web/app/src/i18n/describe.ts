import { TurmsError } from 'turms-client';
import { MediaFailure, MeetingFailure } from '../state/failures';
import type { Texts } from './index';

/** Says in words what went wrong. */
export function describeError(error: unknown, { errors }: Texts): string {
  if (error instanceof MediaFailure) return errors.media[error.kind];
  if (error instanceof MeetingFailure) return errors.meeting[error.kind];
  if (!(error instanceof TurmsError)) return errors.unknown;
  if (error.code !== undefined) return errors.codes[error.code] ?? errors.unknownCode(error.code);
  return error.kind === 'refused' ? errors.unknown : errors[error.kind];
}
