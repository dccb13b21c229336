/**
 * - `refused`: the server answered with a code that is not a success.
 * - `timeout`: no answer in time; the request may have taken effect.
 * - `lost`: the connection ended before the answer; the request may have taken effect.
 * - `offline`: never sent, since there is no session.
 * - `overloaded`: never sent, since too many requests wait already.
 * - `protocol`: what arrived is not what the protocol promises.
 */
export type TurmsErrorKind = 'refused' | 'timeout' | 'lost' | 'offline' | 'overloaded' | 'protocol';

/** The one error that requests reject with. */
export class TurmsError extends Error {
  override readonly name = 'TurmsError';

  constructor(
    readonly kind: TurmsErrorKind,
    message: string,
    /** The server's code, when it answered. */
    readonly code?: number,
    /** The server's words, when it gave any. Meant for logs rather than for people. */
    readonly reason?: string,
  ) {
    super(message);
  }

  static refused(code: number, reason: string | undefined): TurmsError {
    return new TurmsError('refused', `The server answered ${code}${reason ? `: ${reason}` : ''}`, code, reason);
  }
}

/** Whether a request that failed this way may have taken effect all the same. */
export function mayHaveTakenEffect(error: unknown): boolean {
  return error instanceof TurmsError && (error.kind === 'timeout' || error.kind === 'lost');
}
