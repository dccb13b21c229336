import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type { MeetingRoom } from '../meeting/room';
import { loadPreferences, type Preferences, type Receiving, savePreferences } from './storage';

const store = createStore<Preferences>()(() => loadPreferences());

export function preferences(): Preferences {
  return store.getState();
}

/** Turns notifications on or off. The browser asks for its permission only now; resolves with whether it was given. */
export async function switchNotifications(on: boolean): Promise<boolean> {
  const isAllowed = !on || ('Notification' in window && (await Notification.requestPermission()) === 'granted');
  if (isAllowed) setPreferences({ notifications: on });
  return isAllowed;
}

export function usePreferences(): Preferences {
  return useStore(store);
}

export function setPreferences(change: Partial<Preferences>): void {
  store.setState(change);
  savePreferences(store.getState());
}

/**
 * Turns the microphone or camera on or off, and remembers it: what somebody turned off must not come on by itself in
 * the next meeting, or when the page is loaded anew. Every button that turns one is to call this.
 */
export function switchDevice(room: Pick<MeetingRoom, 'setDevice'>, name: 'microphone' | 'camera', on: boolean): void {
  setPreferences(name === 'microphone' ? { microphoneOn: on } : { cameraOn: on });
  void room.setDevice(name, on);
}

export function rememberDevice(kind: MediaDeviceKind, deviceId: string): void {
  setPreferences({ devices: { ...store.getState().devices, [kind]: deviceId } });
}

/** Receives more or less of the others' video, and remembers it for the next meeting. */
export function chooseReceiving(room: Pick<MeetingRoom, 'setReceiving'>, receiving: Receiving): void {
  setPreferences({ receiving });
  room.setReceiving(receiving);
}
