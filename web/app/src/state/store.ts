import type { ClientState, GroupInfo, Invitation, LiveMeeting, Member, Profile } from 'turms-client';
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type { MeetingRoom } from '../meeting/room';
import type { Entry } from './timeline';

export interface Conversation {
  entries: Entry[];
  /** Whether the server may have older messages than the first entry. */
  hasOlder: boolean;
  loadingOlder: boolean;
  /** When this user read it last, by the server's record. */
  readUntil: number;
  unread: number;
  /** Until when each member has read, as last asked. */
  reads: ReadonlyMap<bigint, number>;
}

export type MeetingEndReason = 'ended' | 'removed' | 'elsewhere' | 'server' | 'connection';

/** The meeting that this page is in, or on its way into. */
export interface CurrentMeeting {
  id: bigint;
  groupId: bigint;
  /** `reconnecting`: its server went away, and the page comes back by itself when it can. */
  phase: 'joining' | 'connected' | 'reconnecting' | 'failed' | 'gone';
  /** When `connected`. */
  room?: MeetingRoom;
  /** When `failed`. */
  error?: unknown;
  /** When `gone`. */
  reason?: MeetingEndReason;
}

export interface Toast {
  id: number;
  tone: 'info' | 'error';
  /** Looked up by the view, so that it is shown in the language of the moment. */
  message: ToastMessage;
}

export type ToastMessage =
  | { kind: 'error'; error: unknown }
  | { kind: 'invited'; name: string }
  | { kind: 'notificationsDenied' }
  | { kind: 'removedFromGroup'; group: string }
  | { kind: 'meetingGone'; reason: MeetingEndReason }
  | { kind: 'uploadFailed'; name: string; isTooLarge: boolean };

export interface AppState {
  /** `restoring`: a stored session is being signed in again. `otherTab`: the user is signed in from another tab. */
  phase: 'signedOut' | 'signingIn' | 'restoring' | 'signedIn' | 'otherTab';
  /** Why the sign-in failed, or the session ended. */
  signInError?: unknown;
  /** The way back from the single sign-on failed. */
  singleSignOnFailed?: boolean;
  closeStatus?: number;
  /** Who was signed in until the server ended the session, or tried to: the likely next one. */
  lastUserId?: bigint;
  connection: ClientState;
  /** When the next attempt to reconnect is made; while the connection is `waiting`. */
  reconnectAt: number | undefined;
  me: bigint;
  groups: ReadonlyMap<bigint, GroupInfo>;
  groupsLoaded: boolean;
  conversations: ReadonlyMap<bigint, Conversation>;
  /** What was typed and not sent, by group. */
  drafts: ReadonlyMap<bigint, string>;
  members: ReadonlyMap<bigint, readonly Member[]>;
  profiles: ReadonlyMap<bigint, Profile>;
  invitations: readonly Invitation[];
  /** Who writes in which group, and until when that is shown. */
  typing: ReadonlyMap<bigint, ReadonlyMap<bigint, number>>;
  /** Names of the files that are being uploaded, by group. */
  uploads: ReadonlyMap<bigint, readonly string[]>;
  /** Meetings known of, by id; those that ended have `endedAt`. */
  meetings: ReadonlyMap<bigint, LiveMeeting>;
  /** Meetings that ring here. */
  ringing: readonly bigint[];
  current?: CurrentMeeting;
  starting?: bigint;
  /** What the user wants to join, or start in the group when it has no id, while being in another meeting: asked. */
  switchingTo: { groupId: bigint; meetingId?: bigint } | undefined;
  toasts: readonly Toast[];
}

export const initialState: AppState = {
  phase: 'signedOut',
  connection: 'signedOut',
  reconnectAt: undefined,
  me: 0n,
  groups: new Map(),
  groupsLoaded: false,
  conversations: new Map(),
  drafts: new Map(),
  members: new Map(),
  profiles: new Map(),
  invitations: [],
  typing: new Map(),
  uploads: new Map(),
  meetings: new Map(),
  ringing: [],
  switchingTo: undefined,
  toasts: [],
};

export function createAppStore() {
  return createStore<AppState>()(() => initialState);
}

export type AppStore = ReturnType<typeof createAppStore>;

/** The one store of the page. */
export const appStore = createAppStore();

export function useApp<T>(selector: (state: AppState) => T): T {
  return useStore(appStore, selector);
}

/** A copy of the map with one entry set, or removed when the value is `undefined`. */
export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V | undefined): Map<K, V> {
  const copy = new Map(map);
  if (value === undefined) copy.delete(key);
  else copy.set(key, value);
  return copy;
}

/** Whether the page is in a meeting, or on its way into it. */
export function isInMeeting(current: CurrentMeeting | undefined): current is CurrentMeeting {
  return current !== undefined && current.phase !== 'failed' && current.phase !== 'gone';
}

/**
 * The meeting of a group that is going on, if there is one. When several are, as when members started one in the same
 * moment, it is the first: every page then comes to the same one.
 */
export function liveMeetingOf(state: AppState, groupId: bigint): LiveMeeting | undefined {
  let found: LiveMeeting | undefined;
  for (const meeting of state.meetings.values()) {
    if (meeting.groupId !== groupId || meeting.endedAt !== undefined) continue;
    if (!found || startedBefore(meeting, found)) found = meeting;
  }
  return found;
}

function startedBefore(a: LiveMeeting, b: LiveMeeting): boolean {
  return a.startedAt === b.startedAt ? a.id < b.id : a.startedAt < b.startedAt;
}
