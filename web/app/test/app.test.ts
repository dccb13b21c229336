import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { TurmsClient, type WebSocketConstructor } from 'turms-client';
import { App } from '../src/state/app';
import { MeetingFailure } from '../src/state/failures';
import type { Notice } from '../src/state/notices';
import { countUnsent } from '../src/state/outbox';
import type { Locks } from '../src/state/tabLock';
import { type AppState, createAppStore, liveMeetingOf } from '../src/state/store';
import { FakeTurms } from './fakeServer';
import { MemoryStorage } from './memoryStorage';

// The media of a meeting is a browser's business: here a room that only says that it is one.
type GoneReason = 'connection' | 'server' | 'removed';
const rooms: { url: string; token: string; left: boolean; gone: (reason: GoneReason) => void }[] = [];
/** Why the next rooms cannot be connected to. */
let roomFailures: Error[] = [];
vi.mock('../src/meeting/room', () => ({
  MeetingRoom: class {
    private readonly record: (typeof rooms)[number];
    constructor(gone: (reason: GoneReason) => void) {
      this.record = { url: '', token: '', left: false, gone };
      rooms.push(this.record);
    }
    async connect(url: string, token: string) {
      const failure = roomFailures.shift();
      if (failure) throw failure;
      Object.assign(this.record, { url, token });
    }
    async startDevices() {}
    async leave() {
      this.record.left = true;
    }
  },
}));

let server: FakeTurms;
let groupId: bigint;
const pages: { app: App; client: TurmsClient }[] = [];

beforeEach(async () => {
  vi.stubGlobal('window', { localStorage: new MemoryStorage(), sessionStorage: new MemoryStorage() });
  rooms.length = 0;
  roomFailures = [];
  server = await FakeTurms.start();
  groupId = server.addGroup('Team', [
    [1n, 0],
    [2n, 2],
    [3n, 2],
  ]);
});

afterEach(async () => {
  for (const { client } of pages.splice(0)) client.signOut();
  await server.stop();
});

/** The locks that the pages of one browser share, as far as the app uses them. */
class FakeLocks implements Locks {
  private readonly held = new Map<string, (error: Error) => void>();

  async request(name: string, { steal }: { steal?: boolean }, whileHeld: () => Promise<void>) {
    // The browser's lock is waited for, too.
    if (!steal) await vi.waitUntil(() => !this.held.has(name), { timeout: 20, interval: 1 });
    this.held.get(name)?.(new Error('stolen'));
    let give: (error: Error) => void = () => {};
    const taken = new Promise<never>((_, reject) => {
      give = reject;
    });
    this.held.set(name, give);
    await Promise.race([whileHeld(), taken]);
    if (this.held.get(name) === give) this.held.delete(name);
  }
}

function newPage(locks?: Locks) {
  const client = new TurmsClient({
    url: `ws://${server.origin}/turms`,
    webSocket: WebSocket as unknown as WebSocketConstructor,
    reconnectInitialDelayMs: 2,
    reconnectMaxDelayMs: 4,
  });
  const store = createAppStore();
  const shown: (bigint | 'start')[] = [];
  const notices: Notice[] = [];
  const app = new App({
    client,
    store,
    mediaUrl: 'ws://media',
    rejoinPausesMs: [2, 2, 2, 2, 2, 2],
    locks,
    notify: (notice) => notices.push(notice),
    showMeeting: (id) => shown.push(id),
    showStart: () => shown.push('start'),
  });
  pages.push({ app, client });
  const until = (condition: (state: AppState) => unknown) =>
    vi.waitUntil(() => condition(store.getState()), { timeout: 4000, interval: 2 });
  return { app, client, store, shown, notices, until, state: () => store.getState() };
}

async function signedIn(userId: bigint, locks?: Locks) {
  const page = newPage(locks);
  await page.app.signIn(userId, 'turms');
  await page.until(({ conversations }) => conversations.size > 0);
  return page;
}

const texts = (state: AppState) => state.conversations.get(groupId)!.entries.map(({ text }) => text);

describe('signing in', () => {
  test('shows the groups with what is unread in them', async () => {
    for (let i = 0; i < 3; i += 1) server.post(groupId, 2n, `m${i}`);
    server.post(groupId, 1n, 'own');
    const { state, until } = await signedIn(1n);
    expect([...state().groups.values()].map(({ name }) => name)).toEqual(['Team']);
    expect(state().conversations.get(groupId)!.unread).toBe(3);
    await until(({ profiles }) => profiles.get(2n)?.name === 'Bob');
  });

  test('a refusal stays on the page and is not remembered', async () => {
    const { app, state } = newPage();
    await app.signIn(1n, 'wrong');
    expect(state()).toMatchObject({ phase: 'signedOut', signInError: { code: 2011 } });
    await app.restore();
    expect(state().phase).toBe('signedOut');
  });

  test('a page loaded anew signs in by itself', async () => {
    await signedIn(1n);
    const { app, state } = newPage();
    await app.restore();
    expect(state()).toMatchObject({ phase: 'signedIn', me: 1n });
  });

  test('a session that was ended on purpose ends here, and says why', async () => {
    const { state, until } = await signedIn(1n);
    server.closeSession(1n, 500);
    await until(({ phase, closeStatus }) => phase === 'signedOut' && closeStatus === 500);
    expect(state().lastUserId).toBe(1n);
  });

  test('a sign-out leaves no trace of who was here', async () => {
    const { app, state } = await signedIn(1n);
    await app.signOut();
    expect(state().lastUserId).toBeUndefined();
  });
});

describe('a second tab', () => {
  test('asks before it takes the user over, and the first may take over again', async () => {
    const locks = new FakeLocks();
    const first = await signedIn(2n, locks);
    const meeting = server.startMeeting(groupId, 1n);
    await first.until((state) => liveMeetingOf(state, groupId));
    await first.app.meetings.join(meeting.id, groupId);
    // A duplicate has all that the first tab keeps.
    const second = newPage(locks);
    await second.app.restore();
    expect(second.state()).toMatchObject({ phase: 'otherTab', me: 2n });
    expect(server.received.get('createSessionRequest')).toBe(1);
    expect(first.state().current?.phase).toBe('connected');

    await second.app.useHere();
    expect(first.state()).toMatchObject({ phase: 'otherTab', connection: 'signedOut' });
    expect(rooms[0]!.left).toBe(true);
    await second.until(({ current }) => current?.id === meeting.id && current.phase === 'connected');
    expect(second.state().phase).toBe('signedIn');

    await first.app.useHere();
    await first.until(({ phase, groups }) => phase === 'signedIn' && groups.size > 0);
    expect(second.state().phase).toBe('otherTab');
  });

  test('is asked for at the sign-in form too, and is free after a sign-out', async () => {
    const locks = new FakeLocks();
    const first = await signedIn(2n, locks);
    const second = newPage(locks);
    await second.app.signIn(2n, 'turms');
    expect(second.state().phase).toBe('otherTab');
    second.app.signInAsAnother();
    expect(second.state().phase).toBe('signedOut');
    await second.app.signIn(3n, 'turms');
    expect(second.state().phase).toBe('signedIn');
    await second.app.signOut();
    await first.app.signOut();
    await second.app.signIn(2n, 'turms');
    expect(second.state().phase).toBe('signedIn');
  });
});

describe('drafts', () => {
  test('survive a page loaded anew', async () => {
    const { app } = await signedIn(2n);
    app.conversations.setDraft(groupId, 'not yet');
    const again = newPage();
    await again.app.restore();
    expect(again.state().drafts.get(groupId)).toBe('not yet');
    again.app.conversations.setDraft(groupId, '');
    expect(again.state().drafts.size).toBe(0);
  });

  test('are not shown to who signs in next, and nothing else of the former user is', async () => {
    const { app, state, shown } = await signedIn(2n);
    app.conversations.setDraft(groupId, 'private');
    await app.signOut();
    expect(shown).toEqual(['start']);
    expect(state().drafts.size).toBe(0);
    await app.signIn(3n, 'turms');
    expect(state().drafts.size).toBe(0);
    await app.signOut();
    await app.signIn(2n, 'turms');
    expect(state().drafts.size).toBe(0);
  });

  test('of a session that ended without a sign-out are not shown to another user', async () => {
    const { app } = await signedIn(2n);
    app.conversations.setDraft(groupId, 'private');
    const carol = newPage();
    await carol.app.signIn(3n, 'turms');
    expect(carol.state().drafts.size).toBe(0);
  });
});

describe('writing', () => {
  test('a message is shown at once, sent, and arrives at the others', async () => {
    const alice = await signedIn(1n);
    const bob = await signedIn(2n);
    const sent = alice.app.conversations.send(groupId, 'hello');
    expect(alice.state().conversations.get(groupId)!.entries).toMatchObject([{ text: 'hello', status: 'sending' }]);
    await sent;
    expect(alice.state().conversations.get(groupId)!.entries).toMatchObject([{ text: 'hello', status: 'sent' }]);
    await bob.until((state) => texts(state).includes('hello'));
    expect(bob.state().conversations.get(groupId)!.unread).toBe(1);
    await bob.app.conversations.markRead(groupId);
    expect(bob.state().conversations.get(groupId)!.unread).toBe(0);
  });

  test('one that is refused can be sent again or discarded', async () => {
    const { app, state } = await signedIn(1n);
    server.refuse.set('createMessageRequest', 5008);
    await app.conversations.send(groupId, 'hello');
    const [entry] = state().conversations.get(groupId)!.entries;
    expect(entry).toMatchObject({ status: 'failed', error: { code: 5008 } });
    server.refuse.clear();
    await app.conversations.resend(groupId, entry!.key);
    expect(state().conversations.get(groupId)!.entries).toMatchObject([{ status: 'sent' }]);
  });

  test('what is written without a connection waits for it, and is sent in order', async () => {
    const alice = await signedIn(1n);
    const bob = await signedIn(2n);
    server.refuse.set('createSessionRequest', 1201);
    server.dropConnections();
    await alice.until(({ connection }) => connection === 'waiting');
    const written = ['one', 'two', 'three', 'four'];
    for (const text of written) await alice.app.conversations.send(groupId, text);
    expect(alice.state().conversations.get(groupId)!.entries.map(({ status }) => status)).toEqual(written.map(() => 'waiting'));
    server.refuse.clear();
    await alice.until((state) => state.conversations.get(groupId)!.entries.every(({ status }) => status === 'sent'));
    await bob.until((state) => texts(state).length === 4);
    expect(texts(bob.state())).toEqual(written);
    expect(texts(alice.state())).toEqual(written);
  });

  test('what was sent and lost its answer is not sent again by itself', async () => {
    const alice = await signedIn(1n);
    server.silent.add('createMessageRequest');
    const sent = alice.app.conversations.send(groupId, 'one');
    await vi.waitUntil(() => server.received.get('createMessageRequest') === 1);
    server.dropConnections();
    await sent;
    expect(alice.state().conversations.get(groupId)!.entries).toMatchObject([{ status: 'uncertain' }]);
    server.silent.clear();
    await alice.app.conversations.send(groupId, 'two');
    await alice.until((state) => state.conversations.get(groupId)!.entries.some(({ status }) => status === 'sent'));
    expect(server.messages.map(({ text }) => text)).toEqual(['two']);
  });

  /** A page that lost its connection, and wrote these texts then. */
  const writtenOffline = async (written: string[], locks?: Locks) => {
    const page = await signedIn(1n, locks);
    server.refuse.set('createSessionRequest', 1201);
    server.dropConnections();
    await page.until(({ connection }) => connection === 'waiting');
    for (const text of written) await page.app.conversations.send(groupId, text);
    return page;
  };
  const statuses = (state: AppState) => state.conversations.get(groupId)!.entries.map(({ text, status }) => [text, status]);

  test('what waits survives a page loaded anew, and is sent by it once and in order', async () => {
    const before = await writtenOffline(['one', 'two']);
    before.client.signOut();
    server.refuse.clear();
    const again = newPage();
    await again.app.restore();
    await again.until(({ conversations }) => conversations.get(groupId)?.entries.at(-1)?.status === 'sent');
    expect(server.messages.map(({ text }) => text)).toEqual(['one', 'two']);
    const third = await signedIn(1n);
    expect(statuses(third.state())).toEqual([
      ['one', 'sent'],
      ['two', 'sent'],
    ]);
  });

  test('what waits is sent by one of two tabs only', async () => {
    const locks = new FakeLocks();
    const first = await writtenOffline(['one', 'two'], locks);
    server.refuse.clear();
    const second = newPage(locks);
    await second.app.restore();
    await second.app.useHere();
    await second.until((state) => state.conversations.get(groupId)?.entries.every(({ status }) => status === 'sent'));
    await first.app.useHere();
    await first.until(({ conversations }) => conversations.size > 0);
    expect(server.messages.map(({ text }) => text)).toEqual(['one', 'two']);
    expect(statuses(first.state())).toEqual([
      ['one', 'sent'],
      ['two', 'sent'],
    ]);
  });

  test('a page that another has taken over from changes nothing of what is kept', async () => {
    const first = await writtenOffline(['one']);
    const second = newPage();
    server.refuse.clear();
    server.refuse.set('createMessageRequest', 5008);
    await second.app.restore();
    await second.until(({ conversations }) => conversations.get(groupId)?.entries[0]?.status === 'failed');
    first.app.conversations.discard(groupId, first.state().conversations.get(groupId)!.entries[0]!.key);
    const third = newPage();
    await third.app.restore();
    await third.until(({ conversations }) => conversations.size > 0);
    expect(third.state().conversations.get(groupId)!.entries).toMatchObject([{ text: 'one', status: 'failed', error: { code: 5008 } }]);
  });

  test('what another page of the user has taken over is not sent here as well', async () => {
    const { state, until } = await writtenOffline(['one', 'two']);
    window.localStorage.setItem('turms.unsent.1', JSON.stringify({ owner: 'another', messages: [] }));
    server.refuse.clear();
    await until(() => statuses(state()).every(([, status]) => status === 'uncertain'));
    expect(server.messages).toEqual([]);
  });

  test('what was being sent when the page went away is not sent again by itself', async () => {
    const alice = await signedIn(1n);
    server.silent.add('createMessageRequest');
    void alice.app.conversations.send(groupId, 'one');
    await vi.waitUntil(() => server.received.get('createMessageRequest') === 1);
    server.silent.clear();
    const again = newPage();
    await again.app.restore();
    await again.until(({ conversations }) => conversations.size > 0);
    expect(statuses(again.state())).toEqual([['one', 'uncertain']]);
    const { key } = again.state().conversations.get(groupId)!.entries[0]!;
    await again.app.conversations.resend(groupId, key);
    expect(server.messages.map(({ text }) => text)).toEqual(['one']);
  });

  test('what waits can be discarded, and stays so', async () => {
    const alice = await writtenOffline(['one', 'two']);
    alice.app.conversations.discard(groupId, alice.state().conversations.get(groupId)!.entries[0]!.key);
    expect(countUnsent(alice.state())).toBe(1);
    alice.client.signOut();
    server.refuse.clear();
    await signedIn(1n);
    await vi.waitUntil(() => server.messages.length > 0);
    expect(server.messages.map(({ text }) => text)).toEqual(['two']);
  });

  test('what waits is kept when the server ends the session, and not when the user signs out', async () => {
    server.refuse.set('createMessageRequest', 5008);
    const { app, state, until } = await signedIn(1n);
    await app.conversations.send(groupId, 'one');
    server.closeSession(1n, 500);
    await until(({ phase }) => phase === 'signedOut');
    await app.signIn(1n, 'turms');
    await until(({ conversations }) => conversations.get(groupId)?.entries.length === 1);
    await app.signOut();
    await app.signIn(2n, 'turms');
    await until(({ conversations }) => conversations.size > 0);
    expect(statuses(state())).toEqual([]);
    await app.signOut();
    await app.signIn(1n, 'turms');
    await until(({ conversations }) => conversations.size > 0);
    expect(statuses(state())).toEqual([]);
  });

  test('what was written long ago is shown rather than sent by itself', async () => {
    const messages = [{ groupId: `${groupId}`, text: 'late', writtenAt: Date.now() - 25 * 60 * 60_000, status: 'waiting' }];
    window.localStorage.setItem('turms.unsent.1', JSON.stringify({ owner: '', messages: [...messages, { text: 'broken' }] }));
    const { state } = await signedIn(1n);
    expect(statuses(state())).toEqual([['late', 'failed']]);
  });

  test('no more than a hundred are kept, and all of them are sent as long as the page is there', async () => {
    const written = Array.from({ length: 103 }, (_, i) => `m${i}`);
    const alice = await writtenOffline(written);
    const kept = JSON.parse(window.localStorage.getItem('turms.unsent.1')!) as { messages: { text: string }[] };
    expect(kept.messages.map(({ text }) => text)).toEqual(written.slice(0, 100));
    server.refuse.clear();
    await alice.until(() => server.messages.length === written.length);
  });

  test('edits and recalls reach the others', async () => {
    const alice = await signedIn(1n);
    const bob = await signedIn(2n);
    await alice.app.conversations.send(groupId, 'draft');
    const { id } = alice.state().conversations.get(groupId)!.entries[0]!;
    await bob.until((state) => texts(state).includes('draft'));
    await alice.app.conversations.edit(groupId, id!, 'final');
    await bob.until((state) => texts(state).includes('final'));
    await alice.app.conversations.recall(groupId, id!);
    await bob.until((state) => !texts(state).includes('final'));
    await alice.until((state) => state.conversations.get(groupId)!.entries[0]?.system?.kind === 'recalled');
    expect(bob.state().conversations.get(groupId)!.entries.length).toBe(1);
    expect(alice.state().conversations.get(groupId)!.entries.length).toBe(1);
  });

  test('typing is shown until the message comes', async () => {
    const alice = await signedIn(1n);
    const bob = await signedIn(2n);
    alice.app.conversations.typing(groupId);
    await bob.until(({ typing }) => typing.get(groupId)?.has(1n));
    await alice.app.conversations.send(groupId, 'done');
    await bob.until(({ typing }) => !typing.has(groupId));
  });

  test('history pages back without holes, also within one millisecond', async () => {
    const deliveryDate = BigInt(Date.now()) - 1000n;
    const expected = Array.from({ length: 130 }, (_, i) => `m${i}`);
    for (const [i, text] of expected.entries()) {
      server.post(groupId, 2n, text, { deliveryDate: deliveryDate + BigInt(Math.floor(i / 4)) });
    }
    const { app, state } = await signedIn(1n);
    while (state().conversations.get(groupId)!.hasOlder) await app.conversations.loadOlder(groupId);
    expect(texts(state())).toEqual(expected);
  });

  test('what came while there was no connection is there afterwards', async () => {
    const { state, until } = await signedIn(1n);
    server.post(groupId, 2n, 'missed');
    server.dropConnections();
    await until(() => texts(state()).includes('missed'));
    expect(state().conversations.get(groupId)!.unread).toBe(1);
  });
});

test('messages of others and calls are told, what is one’s own is not', async () => {
  const alice = await signedIn(1n);
  const bob = await signedIn(2n);
  await alice.app.conversations.send(groupId, 'hello');
  await vi.waitUntil(() => bob.notices.length === 1);
  await alice.app.meetings.start(groupId);
  await vi.waitUntil(() => bob.notices.length === 2);
  expect(bob.notices).toEqual([
    { kind: 'message', groupId, senderId: 1n, text: 'hello' },
    { kind: 'call', groupId, callerId: 1n },
  ]);
  expect(alice.notices).toEqual([]);
});

describe('groups', () => {
  test('an invited person joins, and the inviter sees it', async () => {
    server.users.set(4n, 'Dave');
    const alice = await signedIn(1n);
    const dave = newPage();
    await dave.app.signIn(4n, 'turms');
    await alice.app.groups.refreshMembers(groupId);
    await alice.app.groups.invite(groupId, 4n);
    await dave.until(({ invitations }) => invitations.length === 1);
    await dave.app.groups.answerInvitation(dave.state().invitations[0]!.id, true);
    expect(dave.state().groups.has(groupId)).toBe(true);
    await alice.until(({ members }) => members.get(groupId)?.some(({ userId }) => userId === 4n));
  });

  test('an invitation says to which group, and nobody who does not exist is invited', async () => {
    server.users.set(4n, 'Dave');
    const alice = await signedIn(1n);
    const dave = newPage();
    await dave.app.signIn(4n, 'turms');
    await alice.app.groups.invite(groupId, 4n);
    await dave.until(({ invitations }) => invitations[0]?.content === 'Team');
    await expect(alice.app.groups.invite(groupId, 99n)).rejects.toMatchObject({ kind: 'refused', code: 2300 });
    expect(server.received.get('createGroupInvitationRequest')).toBe(1);
  });

  test('each group invites once, and not to where one is already', async () => {
    server.users.set(4n, 'Dave');
    const joined = server.addGroup('Joined', [[4n, 2]]);
    const invite = (group: bigint, inviterId: bigint, id: bigint) =>
      server.invitations.push({ id, groupId: group, inviterId, inviteeId: 4n, content: '', status: 0 });
    invite(groupId, 1n, 1n);
    invite(groupId, 2n, 2n);
    invite(joined, 1n, 3n);
    const { app, state, until } = newPage();
    await app.signIn(4n, 'turms');
    await until(({ invitations, groups }) => groups.size > 0 && invitations.length === 1);
    expect(state().invitations.map((each) => each.groupId)).toEqual([groupId]);
    await app.groups.answerInvitation(state().invitations[0]!.id, false);
    await app.groups.refreshInvitations();
    expect(state().invitations).toEqual([]);
    expect(server.invitations.map(({ status }) => status)).toEqual([3, 3, 0]);
  });

  test('a removed member loses the group and leaves its meeting', async () => {
    const bob = await signedIn(2n);
    const meeting = server.startMeeting(groupId, 1n);
    await bob.until((state) => liveMeetingOf(state, groupId));
    await bob.app.meetings.join(meeting.id, groupId);
    expect(bob.state().current).toMatchObject({ phase: 'connected' });
    server.removeMember(groupId, 2n, 1n);
    await bob.until(({ groups }) => !groups.has(groupId));
    expect(bob.state().current).toMatchObject({ phase: 'gone', reason: 'removed' });
    expect(rooms[0]!.left).toBe(true);
  });
});

describe('meetings', () => {
  test('one starts, the others ring, one joins, and the list is live', async () => {
    const alice = await signedIn(1n);
    const bob = await signedIn(2n);
    server.tokenFor = (userId, meetingId) => `${userId}@${meetingId}`;
    await alice.app.meetings.start(groupId);
    await alice.until(({ current }) => current?.phase === 'connected');
    const meetingId = alice.state().current!.id;
    expect(rooms[0]).toMatchObject({ url: 'ws://media', token: `1@${meetingId}` });
    expect(alice.state().ringing).toEqual([]);
    await alice.until((state) => state.conversations.get(groupId)!.entries.some(({ system }) => system?.kind === 'meeting'));
    expect(alice.shown).toContain(groupId);
    await bob.until(({ ringing }) => ringing.includes(meetingId));
    server.setParticipant(meetingId, 1n, true);
    await bob.until((state) => liveMeetingOf(state, groupId)?.participants[0]?.name === 'Alice');
    await bob.app.meetings.join(meetingId, groupId);
    expect(bob.state().ringing).toEqual([]);
    server.endMeeting(meetingId);
    await bob.until(({ current }) => current?.phase === 'gone' && current.reason === 'ended');
    expect(liveMeetingOf(bob.state(), groupId)).toBeUndefined();
  });

  test('its end is told to the others, and not to who ended it', async () => {
    const alice = await signedIn(1n);
    const bob = await signedIn(2n);
    await alice.app.meetings.start(groupId);
    await alice.until(({ current }) => current?.phase === 'connected');
    await bob.app.meetings.join(alice.state().current!.id, groupId);
    expect(await alice.app.meetings.endForAll()).toBe(true);
    await bob.until(({ current }) => current?.phase === 'gone');
    expect(bob.state().toasts.map(({ message }) => message)).toEqual([{ kind: 'meetingGone', reason: 'ended' }]);
    expect(alice.state().current).toBeUndefined();
    expect(alice.state().toasts).toEqual([]);
  });

  test('a second start joins the meeting that is there', async () => {
    const bob = await signedIn(2n);
    const meeting = server.startMeeting(groupId, 1n);
    await bob.until((state) => liveMeetingOf(state, groupId));
    await bob.app.meetings.start(groupId);
    expect(bob.state().current).toMatchObject({ id: meeting.id, phase: 'connected' });
    expect(server.meetings.size).toBe(1);
  });

  test('two who start one in the same moment come to the same one', async () => {
    const alice = await signedIn(1n);
    const bob = await signedIn(2n);
    await Promise.all([alice.app.meetings.start(groupId), bob.app.meetings.start(groupId)]);
    expect(server.received.get('createMeetingRequest')).toBe(2);
    for (const page of [alice, bob]) await page.until(({ current }) => current?.phase === 'connected');
    const [first, second] = [...server.meetings.values()];
    expect([alice.state().current!.id, bob.state().current!.id]).toEqual([first!.id, first!.id]);
    expect(second!.endDate).toBeDefined();
    for (const page of [alice, bob]) await page.until(({ meetings }) => meetings.get(second!.id)?.endedAt !== undefined);
    for (const page of [alice, bob]) expect(page.state().ringing).toEqual([]);
  });

  test('the server says where the media is', async () => {
    server.mediaUrl = 'wss://elsewhere';
    const bob = await signedIn(2n);
    const meeting = server.startMeeting(groupId, 1n);
    await bob.until((state) => liveMeetingOf(state, groupId));
    await bob.app.meetings.join(meeting.id, groupId);
    expect(rooms[0]!.url).toBe('wss://elsewhere');
  });

  test('a meeting that cannot be joined says why', async () => {
    const bob = await signedIn(2n);
    const meeting = server.startMeeting(groupId, 1n);
    await bob.until((state) => liveMeetingOf(state, groupId));
    server.refuse.set('updateMeetingInvitationRequest', 8202);
    await bob.app.meetings.join(meeting.id, groupId);
    expect(bob.state().current).toMatchObject({ phase: 'failed', error: { code: 8202 } });
    expect(liveMeetingOf(bob.state(), groupId)).toBeUndefined();
  });

  test('an older state does not undo a newer one', async () => {
    const bob = await signedIn(2n);
    const meeting = server.startMeeting(groupId, 1n);
    server.setParticipant(meeting.id, 1n, true);
    await bob.until((state) => liveMeetingOf(state, groupId)?.participants.length === 1);
    meeting.version = 0n;
    meeting.participants.clear();
    server.setParticipant(meeting.id, 3n, true);
    server.pushTyping(groupId, 3n);
    await bob.until(({ typing }) => typing.has(groupId));
    expect(liveMeetingOf(bob.state(), groupId)!.participants.map(({ userId }) => userId)).toEqual([1n]);
  });

  test('a page loaded anew comes back to its meeting', async () => {
    const bob = await signedIn(2n);
    const meeting = server.startMeeting(groupId, 1n);
    await bob.until((state) => liveMeetingOf(state, groupId));
    await bob.app.meetings.join(meeting.id, groupId);
    const again = newPage();
    await again.app.restore();
    await again.until(({ current }) => current?.id === meeting.id && current.phase === 'connected');
  });

  test('one left is not come back to', async () => {
    const bob = await signedIn(2n);
    const meeting = server.startMeeting(groupId, 1n);
    await bob.until((state) => liveMeetingOf(state, groupId));
    await bob.app.meetings.join(meeting.id, groupId);
    await bob.app.meetings.leave();
    expect(rooms[0]!.left).toBe(true);
    const again = newPage();
    await again.app.restore();
    await again.until(({ conversations }) => conversations.size > 0);
    expect(again.state().current).toBeUndefined();
  });

  const inMeeting = async () => {
    const bob = await signedIn(2n);
    const meeting = server.startMeeting(groupId, 1n);
    await bob.until((state) => liveMeetingOf(state, groupId));
    await bob.app.meetings.join(meeting.id, groupId);
    return { bob, meeting };
  };

  test.each(['server', 'connection'] as const)('one whose %s went away is come back to', async (reason) => {
    const { bob, meeting } = await inMeeting();
    roomFailures = [new MeetingFailure('unreachable'), new MeetingFailure('unreachable')];
    server.dropConnections();
    rooms[0]!.gone(reason);
    expect(bob.state().current).toEqual({ id: meeting.id, groupId, phase: 'reconnecting' });
    await bob.until(({ current }) => current?.phase === 'connected');
    expect(bob.state().current!.id).toBe(meeting.id);
    expect(rooms.map(({ left }) => left)).toEqual([true, true, true, false]);
    expect(bob.state().toasts).toEqual([]);
  });

  test('one that does not come back is given up after a few tries', async () => {
    const { bob } = await inMeeting();
    roomFailures = Array.from({ length: 9 }, () => new MeetingFailure('unreachable'));
    rooms[0]!.gone('server');
    await bob.until(({ current }) => current?.phase === 'gone' && current.reason === 'server');
    expect(rooms.length).toBe(7);
    const again = newPage();
    await again.app.restore();
    await again.until(({ conversations }) => conversations.size > 0);
    expect(again.state().current).toBeUndefined();
  });

  test('one that ended while its server was away is over', async () => {
    const { bob, meeting } = await inMeeting();
    meeting.endDate = meeting.startDate;
    rooms[0]!.gone('server');
    await bob.until(({ current }) => current?.phase === 'gone' && current.reason === 'ended');
  });

  test('one that is left while it is away is not come back to', async () => {
    const { bob } = await inMeeting();
    rooms[0]!.gone('server');
    await bob.app.meetings.leave();
    // Fires after the timer of the pause, which is as long and was set before.
    await new Promise((resolve) => setTimeout(resolve, 2));
    await bob.app.meetings.refresh(groupId);
    expect(bob.state().current).toBeUndefined();
    expect(rooms.length).toBe(1);
  });

  test('a page loaded anew while it is away comes back to it', async () => {
    const { bob, meeting } = await inMeeting();
    roomFailures = [new MeetingFailure('unreachable')];
    rooms[0]!.gone('server');
    bob.client.signOut();
    const again = newPage();
    await again.app.restore();
    await again.until(({ current }) => current?.id === meeting.id);
  });

  test('another one is joined or started only after a question', async () => {
    const other = server.addGroup('Other', [[2n, 0]]);
    const { bob, meeting } = await inMeeting();
    const elsewhere = server.startMeeting(groupId, 3n);
    await bob.until(({ meetings }) => meetings.has(elsewhere.id));
    await bob.app.meetings.join(elsewhere.id, groupId);
    expect(bob.state()).toMatchObject({ switchingTo: { meetingId: elsewhere.id }, current: { id: meeting.id } });
    await bob.app.meetings.answerSwitch(false);
    expect(bob.state()).toMatchObject({ switchingTo: undefined, current: { id: meeting.id, phase: 'connected' } });
    await bob.app.meetings.join(meeting.id, groupId);
    expect(bob.state().switchingTo).toBeUndefined();

    await bob.app.meetings.start(other);
    expect(bob.state().switchingTo).toEqual({ groupId: other });
    expect(server.received.has('createMeetingRequest')).toBe(false);
    await bob.app.meetings.answerSwitch(true);
    await bob.until(({ current }) => current?.groupId === other && current.phase === 'connected');
    expect(rooms[0]!.left).toBe(true);
  });

  test('that an old one ended is known again after a sign-out', async () => {
    const old = server.startMeeting(groupId, 1n);
    server.endMeeting(old.id);
    const { app, state, until } = await signedIn(2n);
    await app.meetings.learn([old.id]);
    expect(state().meetings.get(old.id)?.endedAt).toBeDefined();
    await app.signOut();
    await app.signIn(2n, 'turms');
    await until(({ conversations }) => conversations.size > 0);
    await app.meetings.learn([old.id]);
    expect(state().meetings.get(old.id)?.endedAt).toBeDefined();
  });

  test('declining stops the ringing', async () => {
    const bob = await signedIn(2n);
    const meeting = server.startMeeting(groupId, 1n);
    await bob.until(({ ringing }) => ringing.includes(meeting.id));
    await bob.app.meetings.decline(meeting.id);
    expect(bob.state().ringing).toEqual([]);
  });

  test('one that ended while there was no connection is known to have ended', async () => {
    const bob = await signedIn(2n);
    const meeting = server.startMeeting(groupId, 1n);
    await bob.until((state) => liveMeetingOf(state, groupId));
    server.dropConnections();
    meeting.endDate = meeting.startDate;
    await bob.until((state) => liveMeetingOf(state, groupId) === undefined);
  });
});
