import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import { loadPreferences, type Preferences, savePreferences } from './storage';

const store = createStore<Preferences>()(() => loadPreferences());

export function usePreferences(): Preferences {
  return useStore(store);
}

export function setPreferences(change: Partial<Preferences>): void {
  store.setState(change);
  savePreferences(store.getState());
}

export function rememberDevice(kind: MediaDeviceKind, deviceId: string): void {
  setPreferences({ devices: { ...store.getState().devices, [kind]: deviceId } });
}
