import { describe, expect, test, vi } from 'vitest';
import { liveMeetingOf } from '../src/state/store';
import { rooms } from './fakeRoom';
import { groupId, newPage, server, signedIn } from './pages';

vi.mock('../src/meeting/room', () => import('./fakeRoom'));

describe('groups', () => {
  test('an invited person joins, and the inviter sees it', async () => {
    server.users.set(4n, 'Dave');
    const alice = await signedIn(1n);
    const dave = newPage();
    await dave.app.signIn('4', 'turms');
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
    await dave.app.signIn('4', 'turms');
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
    await app.signIn('4', 'turms');
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
