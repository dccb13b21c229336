// A room on two media workers of the process: LiveKit's own clients in turn on the one and on the other, who must not notice.
import assert from 'node:assert/strict';
import { RoomEvent, TrackKind } from '@livekit/rtc-node';
import { eventually } from '../../e2e/lib/runner.mjs';
import { freePort, startTurms } from '../../e2e/lib/server.mjs';
import { hearTone, publishColour, publishTone, seeColour } from './media.mjs';
import { join, leaveAll, spreadOver } from './world.mjs';

const colours = { alice: [220, 40, 40], bob: [40, 200, 60], carol: [50, 60, 220], dave: [200, 190, 40] };
const tones = { alice: 440, bob: 660, carol: 880, dave: 1100 };
const names = Object.keys(colours);

function tracksOf(room, kind) {
  const found = new Map();
  for (const who of room.remoteParticipants.values()) {
    for (const publication of who.trackPublications.values()) {
      if (publication.kind === kind && publication.track) found.set(who.identity, publication.track);
    }
  }
  return found;
}

/** A server with two workers, each member of a room on the one that has fewer of it. */
async function withTwoWorkers(body) {
  const admin = await freePort();
  const server = await startTurms({ settings: { ...(await spreadOver(2)), 'admin.port': admin } });
  const metric = async (name, labels) => {
    const text = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
    const wanted = Object.entries(labels).map(([key, value]) => `${key}="${value}"`);
    const line = text.split('\n').find((l) => l.startsWith(`${name}{`) && wanted.every((w) => l.includes(w)));
    return line === undefined ? 0 : Number(line.split(' ').at(-1));
  };
  try {
    await body(server.origin.replace('http', 'ws'), metric);
  } finally {
    await leaveAll();
    await server.stop();
  }
}

export async function run(test) {
  const name = 'four members on two workers see, hear and write to each other';
  await test.ours('workers are ours', name, () => withTwoWorkers(async (url, metric) => {
    const rooms = {};
    for (const name of names) rooms[name] = await join(name, 'two-workers', { url });
    const heard = Object.fromEntries(names.map((name) => [name, []]));
    for (const name of names) {
      rooms[name].on(RoomEvent.DataReceived, (payload, from) =>
        heard[name].push([from?.identity, new TextDecoder().decode(payload)]),
      );
    }
    const sources = [];
    for (const name of names) {
      sources.push(await publishColour(rooms[name], colours[name]));
      sources.push(await publishTone(rooms[name], tones[name]));
    }
    try {
      for (const name of names) {
        const others = names.filter((other) => other !== name);
        for (const kind of [TrackKind.KIND_VIDEO, TrackKind.KIND_AUDIO]) {
          await eventually(() => tracksOf(rooms[name], kind).size === others.length, `all tracks at ${name}`);
        }
        for (const other of others) {
          await seeColour(tracksOf(rooms[name], TrackKind.KIND_VIDEO).get(other), colours[other]);
          await hearTone(tracksOf(rooms[name], TrackKind.KIND_AUDIO).get(other), tones[other]);
        }
      }
      // Everybody in order, from everybody.
      const count = 100;
      for (let i = 0; i < count; i++) {
        for (const name of names) {
          await rooms[name].localParticipant.publishData(new TextEncoder().encode(`${i}`), { reliable: true });
        }
      }
      for (const name of names) {
        await eventually(() => heard[name].length >= count * (names.length - 1), `messages at ${name}`);
        for (const other of names.filter((n) => n !== name)) {
          const texts = heard[name].filter(([from]) => from === other).map(([, text]) => text);
          assert.deepEqual(texts, Array.from({ length: count }, (_, i) => `${i}`), `${other} at ${name}`);
        }
      }
      // Who speaks is told to all.
      for (const name of names) {
        await eventually(
          () => rooms[name].heard.some(({ event, values }) => event === RoomEvent.ActiveSpeakersChanged && values[0].length > 0),
          `speakers at ${name}`,
        );
      }
      rooms.bob.localParticipant.registerRpcMethod('where', async ({ callerIdentity }) => `${callerIdentity} asks bob`);
      for (const name of ['alice', 'carol']) {
        const answer = await rooms[name].localParticipant.performRpc({ destinationIdentity: 'bob', method: 'where', payload: '' });
        assert.equal(answer, `${name} asks bob`);
      }
      assert.ok((await metric('turms_media_packets_total', { fate: 'handed_over' })) > 0, 'nothing crossed');
      assert.equal(await metric('turms_media_packets_total', { fate: 'handover_dropped' }), 0);
      for (const worker of ['0', '1']) {
        assert.ok((await metric('turms_media_worker_packets_forwarded_total', { worker })) > 0, `worker ${worker} idle`);
      }
    } finally {
      for (const source of sources) await source.stop();
    }
  }));
}
