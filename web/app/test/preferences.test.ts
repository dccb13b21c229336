import { beforeEach, expect, test, vi } from 'vitest';
import { MemoryStorage } from './memoryStorage';

beforeEach(() => {
  vi.stubGlobal('window', { localStorage: new MemoryStorage(), sessionStorage: new MemoryStorage() });
  vi.resetModules();
});

test('notifications are off until the user wants them and the browser allows them', async () => {
  const { switchNotifications, preferences } = await import('../src/state/preferences');
  expect(preferences().notifications).toBe(false);
  expect(await switchNotifications(true)).toBe(false);
  let answer = 'denied';
  const notification = { requestPermission: async () => answer };
  vi.stubGlobal('Notification', notification);
  Object.assign(window, { Notification: notification });
  expect(await switchNotifications(true)).toBe(false);
  expect(preferences().notifications).toBe(false);
  answer = 'granted';
  expect(await switchNotifications(true)).toBe(true);
  expect(preferences().notifications).toBe(true);
  expect(await switchNotifications(false)).toBe(true);
  expect(preferences().notifications).toBe(false);
});

test.each([
  ['microphone', 'microphoneOn'],
  ['camera', 'cameraOn'],
] as const)('a %s turned off is off in the next meeting too', async (name, preference) => {
  const { switchDevice } = await import('../src/state/preferences');
  const { loadPreferences } = await import('../src/state/storage');
  const turned: unknown[] = [];
  const room = { setDevice: async (...args: unknown[]) => void turned.push(args) };
  switchDevice(room, name, false);
  expect(turned).toEqual([[name, false]]);
  expect(loadPreferences()[preference]).toBe(false);
  switchDevice(room, name, true);
  expect(loadPreferences()[preference]).toBe(true);
});

test('how much is received is kept for the next meeting', async () => {
  const { chooseReceiving } = await import('../src/state/preferences');
  const { loadPreferences } = await import('../src/state/storage');
  expect(loadPreferences().receiving).toBe('auto');
  const chosen: string[] = [];
  const room = { setReceiving: (receiving: string) => void chosen.push(receiving) };
  for (const receiving of ['saver', 'audio', 'auto'] as const) {
    chooseReceiving(room, receiving);
    expect(loadPreferences().receiving).toBe(receiving);
  }
  expect(chosen).toEqual(['saver', 'audio', 'auto']);
  window.localStorage.setItem('turms.preferences', '{"receiving":"everything"}');
  expect(loadPreferences().receiving).toBe('auto');
});
