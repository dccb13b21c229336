import { describe, expect, test, vi } from 'vitest';
import { liveMeetingOf } from '../src/state/store';
import { rooms } from './fakeRoom';
import { FakeLocks, groupId, key, newPage, server, signedIn } from './pages';

vi.mock('../src/meeting/room', () => import('./fakeRoom'));

describe('signing in', () => {
  test('shows the groups with what is unread in them', async () => {
    for (let i = 0; i < 3; i += 1) server.post(groupId, 2n, `m${i}`);
    server.post(groupId, 1n, 'own');
    const { state, until } = await signedIn(1n);
    expect([...state().groups.values()].map(({ name }) => name)).toEqual(['Team']);
    expect(state().conversations.get(key())!.unread).toBe(3);
    await until(({ profiles }) => profiles.get(2n)?.name === 'Bob');
  });

  test('a refusal stays on the page and is not remembered', async () => {
    const { app, state } = newPage();
    await app.signIn('1', 'wrong');
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

  test('the browser keeps a token and never the password', async () => {
    await signedIn(1n);
    const kept = window.sessionStorage.getItem('turms.session');
    expect(JSON.parse(kept!)).toEqual({ userId: '1', sessionToken: 'token-1-0' });
    const { app, state } = newPage();
    server.forgetTokens();
    await app.restore();
    expect(state()).toMatchObject({ phase: 'signedOut', lastName: '1' });
    expect(state().signInError).toBeUndefined();
    expect(window.sessionStorage.getItem('turms.session')).toBeNull();
  });

  test('by name, in any case of letters, gives the user whose it is', async () => {
    const { app, state } = newPage();
    await app.signIn('nobody', 'turms');
    expect(state()).toMatchObject({ phase: 'signedOut', lastName: 'nobody', signInError: { code: 2011 } });
    await app.signIn('bOB', 'turms');
    expect(state()).toMatchObject({ phase: 'signedIn', me: 2n });
    expect(JSON.parse(window.sessionStorage.getItem('turms.session')!)).toMatchObject({ userId: '2' });
  });

  test('by a name that was used here before asks before it takes over from another tab', async () => {
    const locks = new FakeLocks();
    const first = newPage(locks);
    await first.app.signIn('Bob', 'turms');
    const second = newPage(locks);
    await second.app.signIn('Bob', 'turms');
    expect(second.state()).toMatchObject({ phase: 'otherTab', me: 2n });
    expect(first.state().phase).toBe('signedIn');
  });

  test('a session that was ended on purpose ends here, and says why', async () => {
    const { state, until } = await signedIn(1n);
    server.closeSession(1n, 500);
    await until(({ phase, closeStatus }) => phase === 'signedOut' && closeStatus === 500);
    expect(state().lastName).toBe('Alice');
  });

  test('a sign-out leaves no trace of who was here', async () => {
    const { app, state } = await signedIn(1n);
    await app.signOut();
    expect(state().lastName).toBeUndefined();
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
    await second.app.signIn('2', 'turms');
    expect(second.state().phase).toBe('otherTab');
    second.app.signInAsAnother();
    expect(second.state().phase).toBe('signedOut');
    await second.app.signIn('3', 'turms');
    expect(second.state().phase).toBe('signedIn');
    await second.app.signOut();
    await first.app.signOut();
    await second.app.signIn('2', 'turms');
    expect(second.state().phase).toBe('signedIn');
  });
});

describe('drafts', () => {
  test('survive a page loaded anew', async () => {
    const { app } = await signedIn(2n);
    app.writing.setDraft(key(), 'not yet');
    const again = newPage();
    await again.app.restore();
    expect(again.state().drafts.get(key())).toBe('not yet');
    again.app.writing.setDraft(key(), '');
    expect(again.state().drafts.size).toBe(0);
  });

  test('are not shown to who signs in next, and nothing else of the former user is', async () => {
    const { app, state, shown } = await signedIn(2n);
    app.writing.setDraft(key(), 'private');
    await app.signOut();
    expect(shown).toEqual(['start']);
    expect(state().drafts.size).toBe(0);
    await app.signIn('3', 'turms');
    expect(state().drafts.size).toBe(0);
    await app.signOut();
    await app.signIn('2', 'turms');
    expect(state().drafts.size).toBe(0);
  });

  test('of a session that ended without a sign-out are not shown to another user', async () => {
    const { app } = await signedIn(2n);
    app.writing.setDraft(key(), 'private');
    const carol = newPage();
    await carol.app.signIn('3', 'turms');
    expect(carol.state().drafts.size).toBe(0);
  });
});
