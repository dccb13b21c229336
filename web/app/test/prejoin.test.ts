import { beforeEach, expect, test, vi } from 'vitest';

const stored = new Map<string, string>();
vi.stubGlobal('window', {
  localStorage: {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  },
});
const join = vi.fn();
const start = vi.fn();
const stopRinging = vi.fn();
vi.mock('../src/state/page', () => ({ app: { meetings: { join, start, stopRinging } } }));

const { appStore, initialState } = await import('../src/state/store');
const { enterMeeting, isComingBack, proceed, setIsAsking } = await import('../src/meeting/prejoin');

beforeEach(() => {
  vi.clearAllMocks();
  stored.clear();
  setIsAsking(true);
  appStore.setState(initialState, true);
});

test('nothing is joined or started before the user said so', () => {
  enterMeeting({ groupId: 5n, meetingId: 9n });
  enterMeeting({ groupId: 5n });
  expect(join).not.toHaveBeenCalled();
  expect(start).not.toHaveBeenCalled();
  expect(stopRinging).toHaveBeenCalledWith(9n);
  proceed({ groupId: 5n, meetingId: 9n });
  expect(join).toHaveBeenCalledWith(9n, 5n);
  proceed({ groupId: 5n });
  expect(start).toHaveBeenCalledWith(5n);
});

test('who does not want to be asked is not, and that is remembered', () => {
  setIsAsking(false);
  expect([...stored.values()]).toEqual(['skip']);
  enterMeeting({ groupId: 5n, meetingId: 9n });
  expect(join).toHaveBeenCalledWith(9n, 5n);
  setIsAsking(true);
  expect(stored.size).toBe(0);
});

test('who comes back into the meeting is not asked again', () => {
  const wanted = { groupId: 5n, meetingId: 9n };
  const current = (change: object) => ({ current: { id: 9n, groupId: 5n, phase: 'gone' as const, ...change } });
  expect(isComingBack({}, wanted)).toBe(false);
  expect(isComingBack(current({ phase: 'connected' }), wanted)).toBe(true);
  expect(isComingBack(current({ reason: 'connection' }), wanted)).toBe(true);
  expect(isComingBack(current({ reason: 'removed' }), wanted)).toBe(false);
  expect(isComingBack(current({ id: 8n, reason: 'connection' }), wanted)).toBe(false);
  appStore.setState(current({ phase: 'connected' }));
  enterMeeting(wanted);
  expect(join).toHaveBeenCalledWith(9n, 5n);
});
