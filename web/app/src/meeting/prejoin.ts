import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import { app } from '../state/page';
import { type AppState, appStore } from '../state/store';

/** A meeting that the user wants to be in, before anything of the user is sent there. */
export interface Wanted {
  groupId: bigint;
  /** Absent for one that is yet to be started. */
  meetingId?: bigint;
}

interface PreJoinState {
  wanted?: Wanted;
  /** Whether the user wants to be asked; remembered on this browser. */
  isAsking: boolean;
}

const storageKey = 'turms.prejoin';

function loadIsAsking(): boolean {
  try {
    return window.localStorage.getItem(storageKey) !== 'skip';
  } catch {
    return true;
  }
}

const store = createStore<PreJoinState>()(() => ({ isAsking: loadIsAsking() }));

export function useWanted(): Wanted | undefined {
  return useStore(store, ({ wanted }) => wanted);
}

export function useIsAsking(): boolean {
  return useStore(store, ({ isAsking }) => isAsking);
}

export function setIsAsking(isAsking: boolean): void {
  store.setState({ isAsking });
  try {
    if (isAsking) window.localStorage.removeItem(storageKey);
    else window.localStorage.setItem(storageKey, 'skip');
  } catch {
    // Not kept; the page goes on with what it has in memory.
  }
}

/** Whether the page is in that meeting, or was until the connection or the media server failed. */
export function isComingBack({ current }: Pick<AppState, 'current'>, { meetingId }: Wanted): boolean {
  if (!current || current.id !== meetingId) return false;
  if (current.phase === 'gone') return current.reason === 'connection' || current.reason === 'server';
  return current.phase !== 'failed';
}

/** Into the meeting; first the user sees and chooses what is sent there, unless that was said already. */
export function enterMeeting(wanted: Wanted): void {
  if (!store.getState().isAsking || isComingBack(appStore.getState(), wanted)) {
    proceed(wanted);
    return;
  }
  // Whoever looks into the mirror has heard the bell.
  if (wanted.meetingId !== undefined) app.meetings.stopRinging(wanted.meetingId);
  store.setState({ wanted });
}

export function giveUpEntering(): void {
  store.setState(({ wanted: _, ...rest }) => rest, true);
}

export function proceed({ groupId, meetingId }: Wanted): void {
  giveUpEntering();
  void (meetingId === undefined ? app.meetings.start(groupId) : app.meetings.join(meetingId, groupId));
}
