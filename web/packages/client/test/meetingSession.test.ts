import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Emitter } from '../src/emitter.js';
import { type ClientEvents, type LiveMeeting, type MeetingSignal, MeetingSession, type MeetingSessionState, StatusCode, type TurmsClient, TurmsError } from '../src/index.js';

const groupId = 10n;
const refused = (code: number) => TurmsError.refused(code, undefined);

/** A client whose meetings the test answers. */
class FakeClient extends Emitter<ClientEvents> {
  readonly userId = 1n;
  readonly did: string[] = [];
  /** What joining gives, one after the other: a token, or a code that refuses. */
  answers: (string | number)[] = [];
  live: LiveMeeting[] = [];
  readonly meetings = {
    create: async () => {
      this.did.push('create');
      return 5n;
    },
    join: async (id: bigint) => {
      this.did.push(`join ${id}`);
      const answer = this.answers.shift() ?? 'token';
      if (typeof answer === 'number') throw refused(answer);
      return answer;
    },
    liveInGroup: async () => this.live,
    control: (id: bigint) => ({
      ringing: async () => void this.did.push(`ringing ${id}`),
      decline: async () => void this.did.push(`decline ${id}`),
      leaveLobby: async () => void this.did.push(`leaveLobby ${id}`),
    }),
  };
  tell<Name extends keyof ClientEvents>(name: Name, payload: ClientEvents[Name]): void {
    this.emit(name, payload);
  }
  signal(signal: { kind: MeetingSignal['kind'] } & Record<string, unknown>): void {
    this.tell('meetingSignal', { meetingId: 5n, groupId, ...signal } as MeetingSignal);
  }
}

const meeting = (version: bigint, more: Partial<LiveMeeting> = {}): LiveMeeting => ({ id: 5n, groupId, creatorId: 2n, startedAt: 1, participants: [], version, ...more });

let client: FakeClient;
let session: MeetingSession;
let states: MeetingSessionState[];

beforeEach(async () => {
  vi.useFakeTimers();
  client = new FakeClient();
  session = new MeetingSession(client as unknown as TurmsClient, groupId, { url: 'wss://chat.example.com/turms' });
  states = [];
  await session.open();
  session.on('change', (state) => states.push(state));
});

afterEach(() => {
  session.close();
  vi.useRealTimers();
});

test('starting one enters it, with the address of the server', async () => {
  await session.start('Stand-up');
  expect(client.did).toEqual(['create', 'join 5']);
  expect(states.map(({ phase }) => phase)).toEqual(['entering', 'in']);
  expect(session.state.access).toEqual({ url: 'wss://chat.example.com', token: 'token', meetingId: 5n });
});

test('where one goes on, starting joins it, where its media is', async () => {
  client.tell('meeting', meeting(1n, { mediaUrl: 'wss://media.example.com' }));
  await session.start();
  expect(client.did).toEqual(['join 5']);
  expect(session.state.access?.url).toBe('wss://media.example.com');
});

test('older states and those of other groups are nothing', () => {
  client.tell('meeting', meeting(2n, { name: 'new' }));
  client.tell('meeting', meeting(1n, { name: 'old' }));
  client.tell('meeting', meeting(3n, { groupId: 11n }));
  expect(session.state.live?.name).toBe('new');
});

test('a call rings until it is over, and can be declined', async () => {
  client.signal({ kind: 'ring', until: Date.now() + 45_000, by: 2n });
  expect(session.state.ringing).toMatchObject({ meetingId: 5n, by: 2n });
  await vi.advanceTimersByTimeAsync(45_000);
  expect(session.state.ringing).toBeUndefined();
  client.signal({ kind: 'ring', until: Date.now() + 45_000 });
  await session.decline();
  expect(client.did).toEqual(['ringing 5', 'ringing 5', 'decline 5']);
  client.signal({ kind: 'ring', until: Date.now() + 45_000 });
  client.signal({ kind: 'ringOver', call: 'answered' });
  expect(session.state.ringing).toBeUndefined();
});

test('the lobby is asked again, and left', async () => {
  client.answers = [StatusCode.MeetingWaits, StatusCode.MeetingWaits, 'token'];
  await session.start();
  expect(session.state.phase).toBe('lobby');
  await vi.advanceTimersByTimeAsync(30_000);
  expect(session.state.phase).toBe('lobby');
  client.signal({ kind: 'admitted' });
  await vi.advanceTimersByTimeAsync(0);
  expect(session.state.phase).toBe('in');
  session.leave();
  client.answers = [StatusCode.MeetingWaits];
  await session.start();
  session.leave();
  expect(client.did.at(-1)).toBe('leaveLobby 5');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(client.did.at(-1)).toBe('leaveLobby 5');
});

test.each([
  [StatusCode.MeetingLocked, 'locked'],
  [StatusCode.MeetingHeldOut, 'heldOut'],
  [StatusCode.MeetingDenied, 'denied'],
  [StatusCode.MeetingFull, 'full'],
  [StatusCode.MeetingEnded, 'ended'],
  [StatusCode.MeetingNotFound, 'noMember'],
  [StatusCode.InternalError, 'failed'],
])('%d is said as %s', async (code, left) => {
  client.answers = [code];
  await session.start();
  expect(session.state).toMatchObject({ phase: 'out', left, error: { code } });
  await session.start();
  expect(session.state).toMatchObject({ phase: 'in' });
  expect(session.state.left).toBeUndefined();
});

test('who is moved gets another room', async () => {
  client.answers = ['first', 'second'];
  await session.start();
  const before = session.state.access;
  client.signal({ kind: 'moved', room: 1 });
  await vi.advanceTimersByTimeAsync(0);
  expect(session.state.access?.token).toBe('second');
  expect(session.state.access).not.toBe(before);
  expect(states.map(({ phase }) => phase)).not.toContain('out');
});

test.each(['removed', 'heldOut', 'denied'] as const)('%s puts one out', async (kind) => {
  await session.start();
  client.signal({ kind });
  expect(session.state).toMatchObject({ phase: 'out', left: kind });
  expect(session.state.access).toBeUndefined();
});

test('the end of the meeting, of membership and of the media', async () => {
  await session.start();
  client.tell('meeting', meeting(1n));
  client.tell('meeting', meeting(2n, { endedAt: 2 }));
  expect(session.state).toEqual({ phase: 'out', left: 'ended' });
  await session.start();
  client.tell('membersChanged', { groupId, change: 'removed', userIds: [1n], by: 2n });
  expect(session.state.left).toBe('noMember');
  await session.start();
  session.mediaEnded('told');
  expect(session.state.phase).toBe('in');
  session.mediaEnded('otherDevice');
  expect(session.state).toMatchObject({ phase: 'out', left: 'otherDevice' });
});

test('what ended while there was no connection is found out', async () => {
  client.live = [meeting(1n)];
  client.tell('resumed', { complete: true });
  await vi.advanceTimersByTimeAsync(0);
  await session.join();
  client.live = [];
  client.tell('resumed', { complete: true });
  await vi.advanceTimersByTimeAsync(0);
  expect(session.state).toEqual({ phase: 'out', left: 'ended' });
});

test('an answer that comes too late is none', async () => {
  const joining = session.start();
  await vi.advanceTimersByTimeAsync(0);
  session.leave();
  await joining;
  expect(session.state.phase).toBe('out');
});

test('asked to unmute, until that is answered', async () => {
  await session.start();
  client.signal({ kind: 'unmuteAsked', tracks: ['microphone'] });
  expect(session.state.unmuteAsked).toEqual(['microphone']);
  session.unmuteAnswered();
  expect(session.state.unmuteAsked).toBeUndefined();
});
