// Data over channels, by the clients themselves: packets, calls, streams of text and bytes, in rtc-node (libwebrtc) and
// livekit-client in Chromium, and by the server API.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { RoomEvent, RpcError, SimulateScenarioKind } from '@livekit/rtc-node';
import { DataPacket_Kind } from 'livekit-server-sdk';
import { chromium } from 'playwright-core';
import { eventually } from '../../e2e/lib/runner.mjs';
import { chromiumArguments, chromiumPath, connect, serveBundle } from './page.mjs';
import { api, apiKey, apiSecret, httpUrl, join, leaveAll, token, underTest, webSocketUrl } from './world.mjs';

const utf8 = new TextEncoder();
const text = (bytes) => new TextDecoder().decode(bytes);

/** Collects the data that a room of rtc-node hears. */
function collect(room) {
  const messages = [];
  room.on(RoomEvent.DataReceived, (payload, participant, kind, topic) =>
    messages.push({ text: text(payload), size: payload.length, from: participant?.identity, kind, topic }),
  );
  return messages;
}

/** Until the other one is there to be written to. */
const sees = (room, identity) =>
  eventually(() => [...room.remoteParticipants.values()].some((who) => who.identity === identity), identity);

/** Sends until it was heard: a channel of who has just joined may not be up yet, and lossy messages get lost. */
async function until(heard, send, what) {
  await eventually(async () => {
    await send();
    return heard();
  }, what);
}

export async function run(test) {
  await test('packets arrive by both kinds of channel, where they are sent to', async () => {
    const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map((name) => join(name, 'packets')));
    const atBob = collect(bob);
    const atCarol = collect(carol);
    const atAlice = collect(alice);
    await Promise.all([sees(alice, 'bob'), sees(alice, 'carol')]);
    const count = 200;
    for (let i = 0; i < count; i++) {
      await alice.localParticipant.publishData(utf8.encode(`reliable ${i}`), { reliable: true, topic: 'all' });
    }
    await alice.localParticipant.publishData(utf8.encode('only carol'), {
      reliable: true,
      destination_identities: ['carol'],
    });
    await eventually(() => atCarol.some((m) => m.text === 'only carol'), 'the one for carol');
    await eventually(() => atBob.filter((m) => m.topic === 'all').length >= count, 'all at bob');
    for (const messages of [atBob, atCarol]) {
      const numbers = messages.filter((m) => m.topic === 'all').map((m) => m.text);
      assert.deepEqual(numbers, Array.from({ length: count }, (_, i) => `reliable ${i}`));
      assert.ok(messages.every((m) => m.from === 'alice'));
    }
    assert.ok(!atBob.some((m) => m.text === 'only carol'));
    await until(
      () => atBob.some((m) => m.topic === 'lossy'),
      () => alice.localParticipant.publishData(utf8.encode('lossy'), { reliable: false, topic: 'lossy' }),
      'a lossy one',
    );
    assert.equal(atAlice.length, 0, 'never to the sender');
    const large = 'x'.repeat(50_000);
    await bob.localParticipant.publishData(utf8.encode(large), { reliable: true });
    await eventually(() => atAlice.some((m) => m.text === large), 'a large one');
    await leaveAll();
  });

  await test('who may not publish data is not heard', async () => {
    const mute = await join('mute', 'data-rights', { grants: { canPublishData: false } });
    const bob = await join('bob', 'data-rights');
    const alice = await join('alice', 'data-rights');
    await sees(alice, 'bob');
    const atBob = collect(bob);
    await mute.localParticipant.publishData(utf8.encode('forbidden'), { reliable: true }).catch(() => {});
    await alice.localParticipant.publishData(utf8.encode('allowed'), { reliable: true });
    await eventually(() => atBob.some((m) => m.text === 'allowed'), 'who may');
    assert.ok(!atBob.some((m) => m.text === 'forbidden'));
    await leaveAll();
  });

  await test('calls are answered both ways, and errors come back as they were', async () => {
    const [alice, bob] = await Promise.all([join('alice', 'rpc'), join('bob', 'rpc')]);
    for (const room of [alice, bob]) {
      room.localParticipant.registerRpcMethod('greet', async ({ payload, callerIdentity }) => `${callerIdentity}: ${payload}`);
    }
    bob.localParticipant.registerRpcMethod('fail', async () => {
      throw new RpcError(1234, 'no', 'details');
    });
    await Promise.all([sees(alice, 'bob'), sees(bob, 'alice')]);
    const call = (room, destinationIdentity, method = 'greet', payload = 'hello') =>
      room.localParticipant.performRpc({ destinationIdentity, method, payload });
    assert.equal(await call(alice, 'bob'), 'alice: hello');
    assert.equal(await call(bob, 'alice'), 'bob: hello');
    const large = 'y'.repeat(14_000);
    assert.equal(await call(alice, 'bob', 'greet', large), `alice: ${large}`);
    await assert.rejects(call(alice, 'bob', 'fail'), (error) => error.code === 1234 && error.data === 'details');
    await assert.rejects(call(alice, 'bob', 'nothing'), (error) => error.code === 1400);
    await leaveAll();
  });

  await test('texts, text streams and files arrive byte by byte', async () => {
    const [alice, bob] = await Promise.all([join('alice', 'streams'), join('bob', 'streams')]);
    const texts = [];
    bob.registerTextStreamHandler('chat', async (reader, { identity }) => texts.push([identity, await reader.readAll()]));
    const files = [];
    bob.registerByteStreamHandler('files', async (reader, { identity }) => {
      files.push([identity, reader.info.name, Buffer.concat(await reader.readAll())]);
    });
    await sees(alice, 'bob');
    const long = Array.from({ length: 30_000 }, (_, i) => String.fromCodePoint(0x61 + (i % 26), 0x1f600 + (i % 40))).join('');
    await alice.localParticipant.sendText(long, { topic: 'chat' });
    const writer = await alice.localParticipant.streamText({ topic: 'chat' });
    for (let i = 0; i < 20; i++) await writer.write(`part ${i} `);
    await writer.close();
    const folder = await mkdtemp(joinPath(tmpdir(), 'turms-'));
    const content = randomBytes(700_000);
    await writeFile(joinPath(folder, 'file.bin'), content);
    await alice.localParticipant.sendFile(joinPath(folder, 'file.bin'), { topic: 'files', name: 'file.bin' });
    await eventually(() => texts.length >= 2 && files.length >= 1, 'all of it');
    assert.deepEqual(texts[0], ['alice', long]);
    assert.deepEqual(texts[1], ['alice', Array.from({ length: 20 }, (_, i) => `part ${i} `).join('')]);
    assert.equal(files[0][0], 'alice');
    assert.ok(files[0][2].equals(content), 'bytes of the file');
    await rm(folder, { recursive: true });
    await leaveAll();
  });

  await test('SendData reaches whom it is for, by both kinds of channel', async () => {
    const [bob, carol] = await Promise.all([join('bob', 'send-data'), join('carol', 'send-data')]);
    const atBob = collect(bob);
    const atCarol = collect(carol);
    const send = (message, kind, options) => api().sendData('send-data', utf8.encode(message), kind, options);
    await until(
      () => atBob.some((m) => m.text === 'to all' && m.topic === 't') && atCarol.some((m) => m.text === 'to all'),
      () => send('to all', DataPacket_Kind.RELIABLE, { topic: 't' }),
      'a message to all',
    );
    await send('to carol', DataPacket_Kind.RELIABLE, { destinationIdentities: ['carol'] });
    await eventually(() => atCarol.some((m) => m.text === 'to carol'), 'a message to carol');
    await until(
      () => atBob.some((m) => m.text === 'lossy'),
      () => send('lossy', DataPacket_Kind.LOSSY, {}),
      'a lossy one',
    );
    assert.ok(!atBob.some((m) => m.text === 'to carol'));
    await assert.rejects(api().sendData('no such room', utf8.encode('x'), DataPacket_Kind.RELIABLE, {}));
    await leaveAll();
  });

  await test('PerformRpc is answered by a participant, and fails as calls between them do', async () => {
    const bob = await join('bob', 'server-rpc');
    bob.localParticipant.registerRpcMethod('greet', async ({ payload }) => `you said ${payload}`);
    bob.localParticipant.registerRpcMethod('never', () => new Promise(() => {}));
    const admin = await token('admin', 'server-rpc', { roomAdmin: true });
    const call = async (body) => {
      const response = await fetch(`${httpUrl()}/twirp/livekit.RoomService/PerformRpc`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${admin}` },
        body: JSON.stringify({ room: 'server-rpc', destination_identity: 'bob', method: 'greet', payload: 'hi', ...body }),
      });
      return { status: response.status, body: await response.json() };
    };
    await eventually(async () => (await call({})).status === 200, 'an answer');
    assert.equal((await call({})).body.payload, 'you said hi');
    const slow = await call({ method: 'never', response_timeout_ms: 300 });
    assert.notEqual(slow.status, 200);
    assert.match(slow.body.msg, /1502/);
    const unknown = await call({ method: 'nothing' });
    assert.match(unknown.body.msg, /1400/);
    assert.equal(unknown.status, 400);
    // LiveKit waits for an answer of whoever is not there.
    assert.equal((await call({ destination_identity: 'nobody' })).status, underTest === 'turms' ? 404 : 503);
    await leaveAll();
  });

  for (const scenario of [SimulateScenarioKind.SIMULATE_SIGNAL_RECONNECT]) {
    await test(`after ${SimulateScenarioKind[scenario]} no reliable message is lost or comes twice`, async () => {
      const [alice, bob] = await Promise.all([join('alice', 'replay'), join('bob', 'replay')]);
      const atBob = collect(bob);
      await sees(alice, 'bob');
      let sent = 0;
      let stop = false;
      const sending = (async () => {
        while (!stop) {
          await alice.localParticipant.publishData(utf8.encode(`${sent}`), { reliable: true });
          sent += 1;
          await new Promise((done) => setImmediate(done));
        }
      })();
      await eventually(() => atBob.length > 50, 'messages before');
      await Promise.all([alice.simulateScenario(scenario), bob.simulateScenario(scenario)]);
      await eventually(() => bob.heard.some((h) => h.event === RoomEvent.Reconnected), 'bob is back');
      await eventually(() => alice.heard.some((h) => h.event === RoomEvent.Reconnected), 'alice is back');
      const before = atBob.length;
      await eventually(() => atBob.length > before + 50, 'messages after');
      stop = true;
      await sending;
      await eventually(() => atBob.length >= sent, 'all of them');
      assert.deepEqual(atBob.map((m) => m.text), Array.from({ length: sent }, (_, i) => `${i}`));
      await leaveAll();
    });
  }

  await inChromium(test);
}

/** The same by livekit-client in pages. */
async function inChromium(test) {
  const server = await serveBundle();
  const origin = `http://127.0.0.1:${server.address().port}/`;
  const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumArguments });
  const open = async (identity, room) => {
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(origin);
    await page.evaluate(connect, [webSocketUrl(), await token(identity, room), {}]);
    await page.evaluate(() => {
      window.messages = [];
      window.room.on(window.LivekitClient.RoomEvent.DataReceived, (payload, participant, kind, topic) =>
        window.messages.push([new TextDecoder().decode(payload), participant?.identity, topic]),
      );
      window.room.registerTextStreamHandler('chat', async (reader, { identity }) => {
        window.messages.push([await reader.readAll(), identity, 'chat']);
      });
      window.room.registerRpcMethod('greet', async ({ payload, callerIdentity }) => `${callerIdentity}: ${payload}`);
    });
    return page;
  };
  try {
    await test('pages and rtc-node send each other packets, texts and calls', async () => {
      const alice = await open('alice', 'mixed');
      const bob = await join('bob', 'mixed');
      bob.localParticipant.registerRpcMethod('greet', async ({ payload, callerIdentity }) => `${callerIdentity}: ${payload}`);
      const atBob = collect(bob);
      await sees(bob, 'alice');
      await eventually(() => alice.evaluate(() => window.room.remoteParticipants.size > 0), 'bob in the page');
      await alice.evaluate(async () => {
        for (let i = 0; i < 100; i++) {
          await window.room.localParticipant.publishData(new TextEncoder().encode(`${i}`), { reliable: true });
        }
      });
      await eventually(() => atBob.length >= 100, 'packets of the page');
      assert.deepEqual(atBob.map((m) => m.text), Array.from({ length: 100 }, (_, i) => `${i}`));
      await bob.localParticipant.publishData(utf8.encode('from node'), { reliable: true, topic: 't' });
      await bob.localParticipant.sendText('a text '.repeat(5000), { topic: 'chat' });
      await eventually(async () => (await alice.evaluate(() => window.messages.length)) >= 2, 'both in the page');
      const messages = await alice.evaluate(() => window.messages);
      assert.deepEqual(messages.find((m) => m[2] === 't'), ['from node', 'bob', 't']);
      assert.deepEqual(messages.find((m) => m[2] === 'chat'), ['a text '.repeat(5000), 'bob', 'chat']);
      const rpc = (page, destinationIdentity) =>
        page.evaluate(
          (to) => window.room.localParticipant.performRpc({ destinationIdentity: to, method: 'greet', payload: 'p' }),
          destinationIdentity,
        );
      assert.equal(await rpc(alice, 'bob'), 'alice: p');
      assert.equal(
        await bob.localParticipant.performRpc({ destinationIdentity: 'alice', method: 'greet', payload: 'q' }),
        'bob: q',
      );
      await alice.context().close();
      await leaveAll();
    });
  } finally {
    await browser.close();
    server.close();
  }
}
