import type { ClientState } from 'turms-client';

/** Who is signed in, and over which connection. */
export interface SessionSlice {
  /** `restoring`: a stored session is being signed in again. `otherTab`: the user is signed in from another tab. */
  phase: 'signedOut' | 'signingIn' | 'restoring' | 'signedIn' | 'otherTab';
  /** Why the sign-in failed, or the session ended. */
  signInError?: unknown;
  /** The way back from the single sign-on failed. */
  singleSignOnFailed?: boolean;
  closeStatus?: number;
  /** Who was signed in until the server ended the session, or tried to: the likely next one. */
  lastName?: string;
  connection: ClientState;
  /** When the next attempt to reconnect is made; while the connection is `waiting`. */
  reconnectAt: number | undefined;
  /** 0 while the server has not said whose name it is. */
  me: bigint;
}

export const initialSession: SessionSlice = {
  phase: 'signedOut',
  connection: 'signedOut',
  reconnectAt: undefined,
  me: 0n,
};
