import type { LiveMeeting } from 'turms-client';
import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import { type ConversationsSlice, initialConversations } from './slices/conversations';
import { type CurrentMeeting, initialMeetings, type MeetingEndReason, type MeetingsSlice } from './slices/meetings';
import { initialPeople, type PeopleSlice } from './slices/people';
import { initialSession, type SessionSlice } from './slices/session';

export { type Conversation, emptyConversation } from './slices/conversations';
export type { CurrentMeeting, MeetingEndReason } from './slices/meetings';

export interface Toast {
  id: number;
  tone: 'info' | 'error';
  /** Looked up by the view, so that it is shown in the language of the moment. */
  message: ToastMessage;
}

export type ToastMessage =
  | { kind: 'error'; error: unknown }
  | { kind: 'invited'; name: string }
  | { kind: 'forwarded'; to: string }
  | { kind: 'notificationsDenied' }
  | { kind: 'removedFromGroup'; group: string }
  | { kind: 'meetingGone'; reason: MeetingEndReason };

/** The state of the page: one slice for each subject, each changed by the controller of its name. */
export interface AppState extends SessionSlice, PeopleSlice, ConversationsSlice, MeetingsSlice {
  toasts: readonly Toast[];
}

export const initialState: AppState = {
  ...initialSession,
  ...initialPeople,
  ...initialConversations,
  ...initialMeetings,
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
