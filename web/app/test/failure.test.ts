import { ConnectionError } from 'livekit-client';
import { afterEach, expect, test, vi } from 'vitest';
import { languages } from '../src/i18n';
import { describeError } from '../src/i18n/describe';
import { askWhyNot, toMeetingFailure } from '../src/meeting/failure';

/** What livekit-client makes of every refused WebSocket. */
const refused = ConnectionError.websocket('Encountered websocket error during connection establishment');

afterEach(() => vi.unstubAllGlobals());

test.each([
  [503, 'node has exceeded its configured limit', 'The server has no room for more people right now. Try again in a moment.'],
  [503, 'room has exceeded its max participants', 'The meeting is full.'],
  [500, 'internal error', 'Joining the meeting failed.'],
])('a server that answers %i "%s" is told of in words', async (status, text, words) => {
  const failure = await toMeetingFailure(refused, async () => ({ status, text }));
  expect(describeError(failure, languages.en)).toBe(words);
});

test('a server that does not answer has failed', async () => {
  expect((await toMeetingFailure(refused, async () => undefined)).kind).toBe('failed');
});

test('what livekit-client knows is not asked for', async () => {
  const ask = vi.fn();
  expect((await toMeetingFailure(ConnectionError.notAllowed('no', 401), ask)).kind).toBe('refused');
  expect((await toMeetingFailure(ConnectionError.serverUnreachable('no'), ask)).kind).toBe('unreachable');
  expect((await toMeetingFailure(ConnectionError.internal('could not establish pc connection'), ask)).kind).toBe('noMedia');
  expect((await toMeetingFailure(new Error('?'), ask)).kind).toBe('failed');
  expect(ask).not.toHaveBeenCalled();
});

test('it is asked beside the address that was joined', async () => {
  const fetched = vi.fn(async (_address: URL) => new Response('why', { status: 503 }));
  vi.stubGlobal('fetch', fetched);
  expect(await askWhyNot('wss://example.org/media/', 'secret')).toEqual({ status: 503, text: 'why' });
  expect(String(fetched.mock.calls[0]![0])).toBe('https://example.org/media/rtc/validate?access_token=secret');
  vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('network')));
  expect(await askWhyNot('ws://example.org', 'secret')).toBeUndefined();
});
