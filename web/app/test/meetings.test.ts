import { describe, expect, test, vi } from 'vitest';
import { MeetingFailure } from '../src/state/failures';
import { liveMeetingOf } from '../src/state/store';
import { roomFailures, rooms } from './fakeRoom';
import { groupId, key, newPage, server, signedIn } from './pages';

vi.mock('../src/meeting/room', () => import('./fakeRoom'));

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
    await alice.until((state) => state.conversations.get(key())!.entries.some(({ system }) => system?.kind === 'meeting'));
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
    await bob.until(({ typing }) => typing.has(key()));
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
    roomFailures.push(new MeetingFailure('unreachable'), new MeetingFailure('unreachable'));
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
    roomFailures.push(...Array.from({ length: 9 }, () => new MeetingFailure('unreachable')));
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
    roomFailures.push(new MeetingFailure('unreachable'));
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
    await app.signIn('2', 'turms');
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
