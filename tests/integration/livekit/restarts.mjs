// A meeting on LiveKit's own server goes on while our server is killed and started again: what the group then decides must
// reach those who are in it, and what it decided before must hold. Needs TURMS_LIVEKIT_BINARY.
import './quiet.mjs';
import assert from 'node:assert/strict';
import { Room, dispose } from '@livekit/rtc-node';
import { RoomServiceClient, TrackSource } from 'livekit-server-sdk';
import { clientOf } from '../../e2e/lib/client.mjs';
import { Runner, eventually, within } from '../../e2e/lib/runner.mjs';
import { startTurms } from '../../e2e/lib/server.mjs';
import { publishTone } from './media.mjs';

const livekit = process.env.TURMS_LIVEKIT_BINARY;
if (!livekit) {
  console.error('TURMS_LIVEKIT_BINARY is not set');
  process.exit(2);
}
const ACCEPT = 0;
const MEMBER = 2;
const GUEST = 3;
let server;
const rooms = [];
const clients = new Map();
const runner = new Runner(async () => console.log(server?.log().join('\n') ?? ''));

/** Signed in for as long as the server lives; again after it was killed. */
async function as(userId) {
  if (!clients.has(userId)) clients.set(userId, await clientOf(server, BigInt(userId)));
  return clients.get(userId);
}
async function request(userId, kind, value) {
  const client = await as(userId);
  return client.request({ case: kind, value });
}
async function crash() {
  for (const client of clients.values()) client.signOut();
  clients.clear();
  await server.crash();
}

let group;
let meeting;
let api;
const seen = async (userId) =>
  (await api.listParticipants(String(meeting))).find((participant) => participant.identity === String(userId));
const may = (participant) => {
  const { canPublish, canPublishSources } = participant.permission;
  return { publish: canPublish, sound: canPublish && (canPublishSources.length === 0 || canPublishSources.includes(TrackSource.MICROPHONE)) };
};
const becomes = (userId, what, check) =>
  eventually(async () => {
    const participant = await seen(userId);
    return participant && check(may(participant), participant);
  }, what);
async function tokenOf(userId) {
  const answer = await request(userId, 'updateMeetingInvitationRequest', { meetingId: meeting, responseAction: ACCEPT });
  return answer.data.kind.value;
}
async function join(token) {
  const room = new Room();
  await room.connect(server.mediaUrl, token, { autoSubscribe: true, dynacast: false });
  rooms.push(room);
  return room;
}
const update = (value) => request(1, 'updateGroupMemberRequest', { groupId: group, ...value });

await runner.test('a meeting begins', async () => {
  server = await startTurms({ livekit, settings: { 'plugins.livekit.reconcile_seconds': 2 } });
  api = new RoomServiceClient(server.livekit.url, server.livekit.key, server.livekit.secret);
  const joined = await request(1, 'queryJoinedGroupIdsRequest', {});
  group = joined.data.kind.value.longs[0];
  const created = await request(1, 'createMeetingRequest', { groupId: group, name: 'goes on' });
  meeting = created.data.kind.value;
});

let tone;
let carolsToken;
await runner.test('two are in it', async () => {
  const bob = await join(await tokenOf(2));
  carolsToken = await tokenOf(3);
  await join(carolsToken);
  tone = await publishTone(bob, 440);
  await becomes(2, 'bob speaks', (rights, participant) => rights.sound && participant.tracks.length === 1);
  await becomes(3, 'carol is there', (rights) => rights.sound);
});

await runner.test('whoever is muted after kill -9 is silenced', async () => {
  await crash();
  await update({ memberId: 2n, muteEndDate: BigInt(Date.now() + 3_600_000) });
  await becomes(2, 'bob lost the right to publish sound', (rights, participant) =>
    !rights.sound && rights.publish && participant.tracks.every((track) => track.muted));
  await assert.rejects(within(publishTone(rooms[0], 880), 15_000, 'a second tone'), 'what the client itself is told');
});

await runner.test('the mute outlives kill -9, and is lifted when it ends', async () => {
  // Long enough for the restart, so that it ends in the life of the next process.
  await update({ memberId: 2n, muteEndDate: BigInt(Date.now() + 6_000) });
  await crash();
  await becomes(2, 'bob may speak again', (rights) => rights.sound);
});

await runner.test('a mute that ended while the server was away is lifted', async () => {
  await update({ memberId: 2n, muteEndDate: BigInt(Date.now() + 1_500) });
  await becomes(2, 'bob is muted', (rights) => !rights.sound);
  for (const client of clients.values()) client.signOut();
  clients.clear();
  await server.crash({ away: 2_000 });
  await becomes(2, 'bob may speak again', (rights) => rights.sound);
});

await runner.test('whoever is made a guest after kill -9 publishes nothing', async () => {
  await crash();
  await update({ memberId: 2n, role: GUEST });
  await becomes(2, 'bob publishes nothing', (rights, participant) =>
    !rights.publish && participant.metadata.includes('GUEST') && participant.metadata.includes('OTHERS'));
  await update({ memberId: 2n, role: MEMBER });
  await becomes(2, 'bob is a member again', (rights, participant) => rights.sound && participant.metadata.includes('MEMBER'));
});

await runner.test('whoever was removed stays out after kill -9, with the token of before', async () => {
  await request(1, 'deleteGroupMembersRequest', { groupId: group, memberIds: [3n] });
  await eventually(async () => !(await seen(3)), 'carol is out');
  await crash();
  const back = await join(carolsToken).catch(() => undefined);
  await eventually(async () => !(await seen(3)) && !back?.isConnected, 'carol is out again');
});

await runner.test('all end in order', async () => {
  await tone?.stop();
  for (const client of clients.values()) client.signOut();
  await Promise.all(rooms.map((room) => within(room.disconnect(), 5_000, 'disconnect').catch(() => {})));
  await server.stop();
});
await dispose();
process.exit(runner.finish());
