// One scripted session, recorded against this server and against a real LiveKit server, and compared field by field.
// What may differ is listed with the reason. Run with TURMS_LIVEKIT_BINARY set to a LiveKit server.
import './quiet.mjs';
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { dispose, Room, RoomEvent, TrackKind } from '@livekit/rtc-node';
import { AccessToken, RoomServiceClient, TrackSource } from 'livekit-server-sdk';
import { eventually, Runner } from '../../e2e/lib/runner.mjs';
import { freePort, startTurms } from '../../e2e/lib/server.mjs';
import { publishColour, publishTone } from './media.mjs';
import { RawClient, startProxy } from './recorder.mjs';

const key = 'devkey';
const secret = 'secret';

/** Paths of the comparison that may differ, as `who.kind.field`, and why; and whether they do not always. */
const allowed = [
  [/^\.of a stranger .*\.text$/, 'ours does not repeat the token'],
  [/^\.without roomJoin \/rtc\/v1\/validate\./, 'ours looks at the token before the rest'],
  [/\.room\.num_(participants|publishers)$/, 'ours counts who has just come'],
  [/\.room\.turn_password$/, 'without use for many years'],
  [/\.enabled_(publish_)?codecs$/, 'each names what it takes; theirs counts rtx as one'],
  [/\.join\.\d+\.participant\.state$/, 'who is told of it has joined'],
  [/\.join\.\d+\.fast_publish$/, 'one connection opens with the join, and a Rust client told so would hang'],
  [/\.ice_servers$/, 'theirs names public STUN servers'],
  [/\.update\.\w+(\.states.*)?$/, 'ours tells of members when they join, theirs when they are connected'],
  [/\.request_response\.\d+\.message$/, 'ours says why'],
  [/\.connection_quality\.\d+\.updates\.1$/, 'ours tells everyone of everyone'],
  [/\.connection_quality\.0\.updates\.\d+\.quality$/, 'of the seconds in which media begins: both judge what they have', 'not always'],
  [/\.stream_state_update$/, 'ours pauses nothing, so that nothing goes on again'],
  [/\.layers\.\d+\.ssrc$/, 'ours learns it on another thread, and no client asks for it'],
  [/\.track_published\.\d+\.track\.mime_type$/, 'ours names the codec before the offer'],
  [/\.track(s\.\d+)?\.version$/, 'ours has one from the start'],
  [/\.server_version$/, 'ours lets clients publish VP9 and AV1 in streams by rid'],
  [/\.layers\.\d+\.(spatial_layer|rid)$/, 'ours says at once which layer is which'],
];

// ---- servers

async function startLiveKit(binary) {
  const [port, tcp, udp] = await Promise.all([freePort(), freePort(), freePort()]);
  const folder = await mkdtemp(joinPath(tmpdir(), 'turms-differential-'));
  const config = joinPath(folder, 'livekit.yaml');
  await writeFile(
    config,
    [
      `port: ${port}`,
      'bind_addresses: ["127.0.0.1"]',
      `rtc: {tcp_port: ${tcp}, udp_port: ${udp}, node_ip: 127.0.0.1, use_external_ip: false}`,
      `keys: {${key}: ${secret}}`,
      'logging: {level: error}',
    ].join('\n'),
  );
  const child = spawn(binary, ['--dev', '--config', config], { stdio: 'ignore' });
  const origin = `http://127.0.0.1:${port}`;
  await eventually(() => fetch(origin).then((answer) => answer.ok), 'a LiveKit server');
  return {
    origin,
    async stop() {
      child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

// ---- the session

function token(identity, grants = {}, options = {}) {
  const out = new AccessToken(key, secret, { identity, name: `${identity}'s name`, ttl: '10m', ...options });
  out.addGrant({ roomJoin: true, room: 'differential', ...grants });
  return out.toJwt();
}

/** An rtc-node client behind the recording proxy. */
async function enter(server, identity, grants, options) {
  const room = new Room();
  const before = server.proxy.sessions.length;
  await room.connect(server.proxy.url, await token(identity, grants, options), { autoSubscribe: true, dynacast: true });
  return { room, session: server.proxy.sessions[before] };
}

const responded = (client, kind, check = () => true) =>
  eventually(() => client.session.responses.find((m) => m.kind === kind && check(m.body)), `a ${kind}`);

const updated = (client, identity, check) =>
  responded(client, 'update', ({ participants }) => participants.some((p) => p.identity === identity && check(p)));

const publicationOf = (client, identity, kind) =>
  eventually(() => {
    const tracks = client.room.remoteParticipants.get(identity)?.trackPublications.values() ?? [];
    return [...tracks].find((publication) => publication.kind === kind && publication.track);
  }, `${identity}'s track`);

/** Two people with media: everything that a user does, one thing after the other. */
async function people(server) {
  const api = new RoomServiceClient(server.origin, key, secret);
  await api.createRoom({ name: 'differential', metadata: 'at first', emptyTimeout: 60, departureTimeout: 20 });
  const alice = await enter(server, 'alice', { canUpdateOwnMetadata: true }, { metadata: 'm', attributes: { a: '1' } });
  const bob = await enter(server, 'bob');
  await updated(alice, 'bob', (p) => p.state === 'ACTIVE');

  const tone = await publishTone(alice.room, 440);
  await publicationOf(bob, 'alice', TrackKind.KIND_AUDIO);
  const colour = await publishColour(alice.room, [0, 200, 0]);
  const seen = await publicationOf(bob, 'alice', TrackKind.KIND_VIDEO);
  await responded(alice, 'track_subscribed');
  await responded(alice, 'subscribed_quality_update');
  await responded(bob, 'speakers_changed');
  await responded(alice, 'connection_quality');
  await responded(bob, 'connection_quality');

  // rtc-node has no call for it.
  alice.session.say('mute', { sid: tone.publication.sid, muted: true });
  await updated(bob, 'alice', (p) => p.tracks?.some((t) => t.muted));
  alice.session.say('mute', { sid: tone.publication.sid, muted: false });
  await eventually(() => !bob.room.remoteParticipants.get('alice').trackPublications.get(tone.publication.sid).muted, 'a mute that ends');

  seen.setSubscribed(false);
  await eventually(() => !bob.room.remoteParticipants.get('alice').trackPublications.get(colour.publication.sid).subscribed, 'no subscription');
  seen.setSubscribed(true);
  await publicationOf(bob, 'alice', TrackKind.KIND_VIDEO);

  await alice.room.localParticipant.updateMetadata('changed');
  await alice.room.localParticipant.updateName('another');
  await alice.room.localParticipant.setAttributes({ a: '', b: '2' });
  await updated(bob, 'alice', (p) => p.metadata === 'changed' && p.name === 'another' && p.attributes?.b === '2');

  // Data needs the connections only, and nothing is said of it.
  for (const reliable of [true, false]) {
    const came = new Promise((done) => bob.room.once(RoomEvent.DataReceived, (payload) => done(new TextDecoder().decode(payload))));
    let sent = 'a lossy message';
    if (reliable) sent = 'a reliable message';
    const again = setInterval(() => !reliable && alice.room.localParticipant.publishData(new TextEncoder().encode(sent), { reliable }), 200);
    await alice.room.localParticipant.publishData(new TextEncoder().encode(sent), { reliable });
    assert.equal(await came, sent);
    clearInterval(again);
  }

  // A track that is kept from somebody, and given back.
  const onlyTone = [{ participantIdentity: 'bob', trackSids: [tone.publication.sid] }];
  alice.session.say('subscriptionPermission', { allParticipants: false, trackPermissions: onlyTone });
  await responded(bob, 'subscription_permission_update', (body) => body.track_sid === colour.publication.sid && !body.allowed);
  alice.session.say('subscriptionPermission', { allParticipants: true });
  await responded(bob, 'subscription_permission_update', (body) => body.track_sid === colour.publication.sid && body.allowed);
  await publicationOf(bob, 'alice', TrackKind.KIND_VIDEO);

  // Nobody hears of who hides.
  const ghost = await enter(server, 'ghost', { hidden: true });
  await publicationOf(ghost, 'alice', TrackKind.KIND_VIDEO);
  await ghost.room.disconnect();

  await api.updateRoomMetadata('differential', 'then');
  await responded(bob, 'room_update', ({ room }) => room.metadata === 'then');
  await api.mutePublishedTrack('differential', 'alice', tone.publication.sid, true);
  await responded(alice, 'mute');
  await api.updateParticipant('differential', 'bob', { name: 'Robert', permission: { canSubscribe: true, canPublish: false, canPublishData: true } });
  await updated(alice, 'bob', (p) => p.name === 'Robert');

  colour.stop();
  await alice.room.localParticipant.unpublishTrack(colour.publication.sid);
  await eventually(() => bob.room.remoteParticipants.get('alice').trackPublications.size === 1, 'an end of a track');
  const again = await publishColour(alice.room, [200, 0, 0]);
  await publicationOf(bob, 'alice', TrackKind.KIND_VIDEO);
  again.stop();

  await responded(alice, 'track_subscribed', (body) => body.track_sid === again.publication.sid);

  // A signalling connection that breaks.
  const sessions = server.proxy.sessions.length;
  alice.session.near.terminate();
  const resumed = { session: await eventually(() => server.proxy.sessions[sessions], 'a new signalling connection') };
  await responded(resumed, 'reconnect');
  await responded(resumed, 'update', ({ participants }) => participants.some((p) => p.identity === 'bob'));
  await responded(resumed, 'room_update');
  const welcome = resumed.session.responses.slice(0, resumed.session.responses.findIndex((m) => m.kind === 'room_update') + 1);
  await api.removeParticipant('differential', 'bob');
  await responded(bob, 'leave');
  await updated(resumed, 'bob', (p) => p.state === 'DISCONNECTED');
  await tone.stop();
  await api.deleteRoom('differential');
  await responded(resumed, 'leave');
  return { alice: alice.session.responses, bob: bob.session.responses, resumed: welcome };
}

/** Clients without media: requests that are refused, and what is said without a peer connection. */
async function requests(server) {
  const out = {};
  const client = await RawClient.connect(server.origin, await token('carol', { canPublish: false }));
  client.say('pingReq', { timestamp: 5n, rtt: 2n });
  await client.hears('pong_resp');
  client.say('ping', 7n);
  await client.hears('pong');
  client.say('addTrack', { cid: 'c', name: 'n', type: 1, source: TrackSource.CAMERA });
  client.say('mute', { sid: 'TR_unknown', muted: true });
  client.say('updateMetadata', { name: 'x', requestId: 31 });
  await client.hears('request_response', (body) => body.request_id === 31);
  client.say('subscription', { trackSids: ['TR_unknown'], subscribe: false });
  client.say('trackSetting', { trackSids: ['TR_unknown'], quality: 1 });
  client.say('simulate', { scenario: { case: 'speakerUpdate', value: 1 } });
  await client.hears('speakers_changed');
  out.carol = client.heard;

  const publisher = await RawClient.connect(server.origin, await token('dave', { canUpdateOwnMetadata: true }));
  publisher.say('addTrack', {
    cid: 'cam',
    name: 'camera',
    type: 1,
    source: TrackSource.CAMERA,
    width: 1280,
    height: 720,
    layers: [
      { quality: 2, width: 1280, height: 720, bitrate: 1_700_000 },
      { quality: 0, width: 320, height: 180, bitrate: 120_000 },
      { quality: 1, width: 640, height: 360, bitrate: 450_000 },
    ],
    simulcastCodecs: [
      { codec: 'vp9', cid: 'cam' },
      { codec: 'vp8', cid: '' },
    ],
  });
  publisher.say('addTrack', { cid: 'mic', name: 'microphone', type: 0, source: TrackSource.MICROPHONE, disableDtx: true, stereo: true, audioFeatures: [3, 3] });
  publisher.say('addTrack', { cid: 'screen', type: 1, source: TrackSource.SCREEN_SHARE, muted: true, encryption: 1, layers: [{ quality: 2, width: 10, height: 10 }] });
  publisher.say('addTrack', { cid: 'data', type: 2 });
  publisher.say('addTrack', { cid: 'again', sid: 'TR_unknown', type: 1 });
  publisher.say('updateMetadata', { metadata: 'm', attributes: { k: 'v' }, requestId: 32 });
  await publisher.hears('request_response', (body) => body.request_id === 32);
  publisher.say('updateMetadata', { name: 'n'.repeat(300), requestId: 33 });
  await publisher.hears('request_response', (body) => body.request_id === 33);
  publisher.say('updateAudioTrack', { trackSid: 'TR_unknown', features: [1] });
  publisher.say('updateVideoTrack', { trackSid: 'TR_unknown', width: 1, height: 1 });
  publisher.say('publishDataTrackRequest', { pubHandle: 0, name: 'without a number' });
  publisher.say('publishDataTrackRequest', { pubHandle: 9, name: '' });
  publisher.say('publishDataTrackRequest', { pubHandle: 7, name: 'joystick' });
  await publisher.hears('publish_data_track_response');
  const watcher = await RawClient.connect(server.origin, await token('eve'), { auto_subscribe_data_track: '1' });
  await watcher.hears('data_track_subscriber_handles');
  watcher.say('leave', { reason: 1 });
  await eventually(() => watcher.closed !== undefined, 'the end of a connection');
  // Of itself it hears now or when it is connected, which it never is.
  out.watcher = watcher.heard.filter(({ kind }) => kind !== 'update');
  publisher.say('publishDataTrackRequest', { pubHandle: 7, name: 'another' });
  publisher.say('publishDataTrackRequest', { pubHandle: 8, name: 'joystick' });
  publisher.say('publishDataTrackRequest', { pubHandle: 8, name: 'compass' });
  await publisher.hears('publish_data_track_response', (body) => body.info.name === 'compass');
  publisher.say('unpublishDataTrackRequest', { pubHandle: 5 });
  publisher.say('unpublishDataTrackRequest', { pubHandle: 7 });
  await publisher.hears('unpublish_data_track_response');
  publisher.say('pingReq', { timestamp: 6n, rtt: 2n });
  await publisher.hears('pong_resp', (body) => body.last_ping_timestamp === '6');
  publisher.say('simulate', { scenario: { case: 'serverLeave', value: true } });
  await publisher.hears('leave');
  out.dave = publisher.heard;

  const twin = await RawClient.connect(server.origin, await token('carol'));
  await client.hears('leave');
  twin.say('leave', { reason: 1 });
  await eventually(() => twin.closed !== undefined, 'the end of a connection');
  out.twin = twin.heard;
  return out;
}

/** What validate and the upgrade answer to those who may not join. */
async function refusals(server) {
  const out = {};
  const ask = async (name, query, headers = {}) => {
    for (const path of servesOneConnection ? ['/rtc/validate', '/rtc/v1/validate'] : ['/rtc/validate']) {
      const answer = await fetch(`${server.origin}${path}?${query}`, { headers });
      out[`${name} ${path}`] = [{ kind: 'answer', body: { status: answer.status, text: (await answer.text()).trim() } }];
    }
  };
  await ask('good', `access_token=${await token('x')}`);
  await ask('without a token', '');
  await ask('with a broken token', 'access_token=abc');
  const stranger = new AccessToken(key, 'another secret that is not ours at all', { identity: 'x' });
  stranger.addGrant({ roomJoin: true, room: 'r' });
  await ask('of a stranger', `access_token=${await stranger.toJwt()}`);
  await ask('without roomJoin', `access_token=${await token('x', { roomJoin: false })}`);
  await ask('without a room', `access_token=${await token('x', { room: '' })}`);
  return out;
}

// ---- comparing

const placeholders = new Set(['joined_at', 'joined_at_ms', 'creation_time', 'creation_time_ms', 'unix_micro', 'timestamp', 'version', 'sdp',
  'refresh_token', 'token', 'cid', 'last_ping_timestamp', 'score', 'level', 'sif_trailer', 'turn_password', 'urls', 'credential', 'username', 'mid', 'candidateInit', 'ticks']);

/** The same for all runs: ids by their prefix, times and the like by their being there. */
function plain(value, name = '') {
  if (placeholders.has(name)) return `<${name}>`;
  if (name === 'id' && typeof value === 'number') return '<id>';
  if (/^enabled_(publish_)?codecs$/.test(name)) return value.map(({ mime }) => mime).sort().join(' ');
  // Before the offer theirs spells a codec as the client did.
  if (name === 'mime_type') return value.toLowerCase();
  // Each numbers sections and data tracks as it likes.
  if (name === 'mid_to_track_id' || name === 'sub_handles') return Object.values(value).map((entry) => plain(entry)).sort();
  if (name === 'tracks') return value.map((track) => plain(track)).sort((a, b) => a.name.localeCompare(b.name));
  if (Array.isArray(value)) return value.map((entry) => plain(entry, name));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, plain(inner, field)]));
  }
  if (typeof value === 'string') return value.replace(/^((?:PA|RM|ND|DTR)_|TR_..).*/, '$1…');
  return value;
}

// Kinds whose number and order depend on time: compared as what was said at all.
const timely = new Set(['connection_quality', 'subscribed_quality_update', 'refresh_token', 'offer', 'answer',
  'stream_state_update', 'media_sections_requirement']);
// Ours needs no trickle: its addresses are in the descriptions. When an SDK pings is its business.
const unheard = new Set(['trickle', 'pong', 'pong_resp']);
// Of these the last says all.
const final = new Set(['room_update', 'data_track_subscriber_handles']);

/** kind → what was said, comparable. */
function digest(messages) {
  const out = {};
  for (const { kind, body } of messages) {
    if (unheard.has(kind)) continue;
    if (kind === 'speakers_changed') {
      // Whether silence is noticed before the end is a matter of time.
      if (body.speakers.some((speaker) => speaker.active)) out[kind] = ['somebody speaks'];
      continue;
    }
    if (kind === 'subscription_permission_update') {
      // Tracks are allowed until it is said otherwise; theirs says it all the same, and repeats itself.
      const sid = plain(body.track_sid);
      const allowed = body.allowed ?? false;
      if (allowed !== (out[kind]?.[sid]?.at(-1) ?? true)) ((out[kind] ??= {})[sid] ??= []).push(allowed);
      continue;
    }
    if (kind === 'update') {
      // Updates are coalesced differently: what counts is what everyone is in the end, and through which states.
      for (const participant of body.participants) {
        const known = (out[kind] ??= {});
        const entry = (known[participant.identity] ??= { states: [] });
        if (!entry.states.includes(participant.state ?? 'JOINING')) entry.states.push(participant.state ?? 'JOINING');
        if (participant.state !== 'DISCONNECTED') entry.last = plain(participant);
      }
      continue;
    }
    const said = typeof body === 'object' ? plain(body) : `<${kind}>`;
    const list = final.has(kind) ? (out[kind] = []) : (out[kind] ??= []);
    if (!timely.has(kind) || !list.some((other) => JSON.stringify(other) === JSON.stringify(said))) list.push(said);
  }
  return out;
}

/** Paths at which two values differ. */
function differences(ours, theirs, path, out) {
  const isObject = (value) => value !== null && typeof value === 'object';
  if (isObject(ours) && isObject(theirs)) {
    for (const field of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
      differences(ours[field], theirs[field], `${path}.${field}`, out);
    }
  } else if (ours !== theirs) {
    out.push({ path, ours, theirs });
  }
}

const used = new Set();

function compare(ours, theirs) {
  const found = [];
  differences(ours, theirs, '', found);
  const unexplained = found.filter(({ path }) => {
    const rule = allowed.find(([pattern]) => pattern.test(path));
    if (rule) used.add(rule);
    return !rule;
  });
  const brief = (value) => (JSON.stringify(value) ?? 'nothing').slice(0, 300);
  return unexplained.map(({ path, ours: a, theirs: b }) => `${path}\n    ours:   ${brief(a)}\n    theirs: ${brief(b)}`);
}

// ---- running

const binary = process.env.TURMS_LIVEKIT_BINARY;
if (!binary) {
  console.log('skipped: there is no LiveKit server to compare with (tools/livekit-server makes one)');
  console.log('0 passed, 0 failed, 1 skipped');
  process.exit(0);
}

const runner = new Runner(async () => {});
const filter = process.env.TURMS_TEST ?? '';
const servers = await Promise.all([startTurms(), startLiveKit(binary)]);
servers[0].name = 'ours';
servers[1].name = 'theirs';
// Both topologies, where ours has both.
const servesOneConnection = (await fetch(`${servers[0].origin}/rtc/v1/validate`)).status !== 404;
const scripts = [
  ['people with two connections each', people, ['/rtc/v1']],
  ['people with one connection each', people, []],
  ['requests', requests, []],
  ['refusals', refusals, []],
];
try {
  for (const [name, script, refuse] of scripts) {
    if (!name.includes(filter)) continue;
    if (name.includes('one connection') && !servesOneConnection) continue;
    for (const server of servers) {
      server.proxy?.stop();
      server.proxy = await startProxy(server.origin, { refuse });
    }
    await runner.test(`${name}: both servers say the same`, async () => {
      const run = (server) =>
        script(server).catch((error) => {
          throw new Error(`${server.name}: ${error.message}\n${error.stack}`);
        });
      const [ours, theirs] = await Promise.all(servers.map(run));
      const digested = [ours, theirs].map((clients) =>
        Object.fromEntries(Object.entries(clients).map(([who, messages]) => [who, digest(messages)])),
      );
      const unexplained = compare(...digested);
      assert.equal(unexplained.length, 0, `\n${unexplained.join('\n')}`);
    });
  }
  if (filter === '') {
    await runner.test('every allowed difference is still one', () => {
      for (const rule of allowed) {
        const applies = servesOneConnection || !rule[0].source.includes('v1');
        assert.ok(!applies || rule[2] || used.has(rule), `${rule[0]}: ${rule[1]}`);
      }
    });
  }
} finally {
  for (const server of servers) server.proxy?.stop();
  await Promise.all(servers.map((server) => server.stop()));
}
await dispose();
process.exit(runner.finish());
