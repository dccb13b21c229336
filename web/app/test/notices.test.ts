import { expect, test, vi } from 'vitest';
import { languages } from '../src/i18n';
import { noticeWords, pageTitle, showBadge, unreadCount } from '../src/state/notices';
import { type AppState, type Conversation, emptyConversation, initialState } from '../src/state/store';

const conversation = (unread: number): Conversation => ({ ...emptyConversation, unread });

const state: AppState = {
  ...initialState,
  groups: new Map([[7n, { id: 7n, name: 'Team', createdAt: 0 } as never]]),
  profiles: new Map([[2n, { id: 2n, name: 'Bob' } as never]]),
};

test('the title counts what is unread, and names the meeting', () => {
  expect(pageTitle(state, languages.en)).toBe('Turms');
  const unread = { ...state, conversations: new Map([['g7', conversation(2)], ['u8', conversation(1)]] as const) };
  expect(pageTitle(unread, languages.en)).toBe('(3) Turms');
  const inMeeting: AppState = { ...unread, current: { id: 1n, groupId: 7n, phase: 'connected' } };
  expect(pageTitle(inMeeting, languages.en)).toBe('(3) 🔴 Meeting in Team · Turms');
  const muted = { ...state, conversations: new Map([['g7', { ...conversation(2), muted: true }]] as const) };
  expect(pageTitle(muted, languages.en)).toBe('Turms');
  expect(pageTitle({ ...inMeeting, current: { id: 1n, groupId: 7n, phase: 'gone' } }, languages.en)).toBe('(3) Turms');
  expect(pageTitle({ ...state, conversations: new Map([['g7', conversation(100)]] as const) }, languages.en)).toBe('(99+) Turms');
});

test('the title of a page that is called says so', () => {
  const meeting = { id: 5n, groupId: 7n, creatorId: 2n, startedAt: 0, participants: [], version: 0n } as never;
  const called = { ...state, ringing: [5n], meetings: new Map([[5n, meeting]]) };
  expect(pageTitle(called, languages.en)).toBe('📞 Meeting in Team');
});

test('notices are in the words of the language', () => {
  const message = { kind: 'message', key: 'g7', senderId: 2n, text: 'hi' } as const;
  expect(noticeWords(message, state, languages.en)).toEqual({ title: 'Team', body: 'Bob: hi' });
  expect(noticeWords({ ...message, key: 'u2' }, state, languages.en)).toEqual({ title: 'Bob', body: 'hi' });
  const call = { kind: 'call', groupId: 7n, callerId: 2n } as const;
  expect(noticeWords(call, state, languages.zh)).toEqual({ title: 'Bob 邀请您加入', body: 'Team 的会议' });
});

test('the icon counts what is unread, without what is not to disturb, and works where there is none', async () => {
  const conversations = new Map([
    ['g7', conversation(2)],
    ['g8', { ...conversation(5), muted: true }],
  ] as const);
  expect(unreadCount({ conversations })).toBe(2);
  const navigator = { setAppBadge: vi.fn(() => Promise.reject(new Error('not installed'))), clearAppBadge: vi.fn(() => Promise.resolve()) };
  showBadge(2, { navigator });
  expect(navigator.setAppBadge).toHaveBeenCalledWith(2);
  showBadge(0, { navigator });
  expect(navigator.clearAppBadge).toHaveBeenCalledOnce();
  expect(() => showBadge(1, { navigator: {} })).not.toThrow();
  await Promise.resolve();
});
