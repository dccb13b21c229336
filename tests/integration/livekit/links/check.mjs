// Whether meetings survive bad links, and whether the link does what it is told. Nothing here depends on how fast the machine
// is: what must come has a generous deadline, and only what a link forbids is asserted at once.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { eventually, Runner } from '../../../e2e/lib/runner.mjs';
import { firefoxPath } from '../page.mjs';
import * as analysis from './analysis_check.mjs';
import { inside, Link, NoRights } from './link.mjs';
import { removeMedia, World } from './world.mjs';

const runner = new Runner(async () => {});
const patienceMs = 60_000;

/** Runs a line of JavaScript on one side of a link; gives its output when it ends. */
function run(net, code) {
  const [program, ...args] = inside(net, [process.execPath, '-e', code]);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  const ended = new Promise((done, failed) => {
    child.once('error', failed);
    child.once('exit', (code_) => (code_ === 0 || code_ === null ? done(output) : failed(new Error(`ended with ${code_}`))));
  });
  return { ended, said: (text) => eventually(() => output.includes(text), text), stop: () => child.kill() };
}

/** Whether this process may make namespaces and TUN devices; else why not. */
async function tunTrouble() {
  try {
    await (await Link.tun()).stop();
    return undefined;
  } catch (error) {
    if (error instanceof NoRights) return `needs root and /dev/net/tun (${error.message})`;
    throw error;
  }
}

async function carriesItsRate() {
  const link = await Link.tun({ profile: { both: { delay_ms: 40 }, down: { rate_kbps: 2000, queue_ms: 200 } } });
  const sender = run(
    link.serverNet,
    `require('net').createServer((s) => { s.on('error', () => {}); s.write(Buffer.alloc(1e6)); }).listen(5000, '${link.serverIp}', () => console.log('ready'))`,
  );
  try {
    await sender.said('ready');
    const received = run(
      link.clientNet,
      `const start = Date.now(); let size = 0; let first;
       const s = require('net').connect(5000, '${link.serverIp}', () => { first = Date.now() - start; });
       s.on('data', (d) => { size += d.length; if (size === 1e6) { console.log(JSON.stringify({ connected: first, took: Date.now() - start })); process.exit(); } });`,
    );
    const { connected, took } = JSON.parse(await received.ended);
    assert.ok(connected >= 80, `connected after ${connected} ms, sooner than a round trip`);
    assert.ok(took >= 4000, `a megabyte came in ${took} ms, faster than 2 Mbit/s`);
    const { down, up } = link.series.at(-1);
    assert.ok(down.bytes_carried > 1e6 && up.packets_carried > 100);
    assert.ok(link.series.some((entry) => entry.down.longest_queued_us > 50_000), 'a queue stood');
    await assert.rejects(link.change({ down: { speed: 5 } }), /speed/);
  } finally {
    sender.stop();
    await link.stop();
  }
}

async function proxiesDatagrams() {
  const server = createSocket('udp4');
  const client = createSocket('udp4');
  for (const socket of [server, client]) await new Promise((done) => socket.bind(0, '127.0.0.1', done));
  const link = await Link.udp({ port: server.address().port, profile: { both: { delay_ms: 30 } } });
  const heard = [];
  server.on('message', (data, { port }) => server.send(data, port, '127.0.0.1'));
  client.on('message', (data) => heard.push({ text: `${data}`, at: Date.now() }));
  try {
    const sent = Date.now();
    client.send('one', link.port, '127.0.0.1');
    await eventually(() => heard.length === 1, 'the answer');
    assert.ok(heard[0].at - sent >= 60, `answered after ${heard[0].at - sent} ms`);
    await link.change({ up: { loss: 1 } });
    client.send('two', link.port, '127.0.0.1');
    await eventually(() => link.series.at(-1)?.up.lost === 1, 'the loss');
    await link.change({ up: { loss: 0 } });
    client.send('three', link.port, '127.0.0.1');
    await eventually(() => heard.length === 2, 'the third');
    assert.equal(heard[1].text, 'three');
  } finally {
    for (const socket of [server, client]) socket.close();
    await link.stop();
  }
}

/** More pictures than now, and sound that still comes. */
async function goesOn(watcher, pictures) {
  const packets = async () => {
    const { stats } = await watcher.everything();
    return Object.values(stats.at(-1)?.audio ?? {}).reduce((sum, { packetsReceived }) => sum + packetsReceived, 0);
  };
  const [{ count }, before] = [await watcher.look(), await packets()];
  await eventually(async () => (await watcher.look()).count >= count + pictures, `${pictures} more pictures`, patienceMs);
  await eventually(async () => (await packets()) > before, 'more sound', patienceMs);
}

async function survives(mode, browser = 'chromium') {
  const world = await World.make({ mode, browser, profile: { both: { delay_ms: 25, queue_ms: 300 }, down: { rate_kbps: 4000 } } });
  try {
    await world.publisher();
    const watcher = await world.watcher();
    await watcher.sees('publisher', 1280, patienceMs);
    await world.link.change({ down: { rate_kbps: 700 } });
    await eventually(() => world.link.series.at(-1).down.rate_kbps === 700, 'the narrow link');
    // Full size is 1.7 Mbit/s: a picture that goes on is smaller.
    await eventually(async () => (await watcher.look()).width < 1280, 'a smaller picture', patienceMs);
    await goesOn(watcher, 50);
    await world.link.change({ down: { rate_kbps: 4000 } });
    await watcher.sees('publisher', 1280, patienceMs);
    await world.link.change({ both: { loss: 0.05 } });
    await goesOn(watcher, 50);
    await world.link.change({ both: { loss: 0 } });
    await watcher.sees('publisher', 1280, patienceMs);
    await goesOn(watcher, 20);
  } catch (error) {
    console.log(world.server?.log().slice(-30).join('\n'));
    throw error;
  } finally {
    await world.close();
  }
}

/** 300 kbit/s hold the smallest picture and sound: 200 pictures, ten seconds of them, come within the patience. */
async function keepsAPicture(mode) {
  const world = await World.make({ mode, profile: { both: { delay_ms: 25, queue_ms: 300 }, down: { rate_kbps: 300 } } });
  try {
    await world.publisher();
    const watcher = await world.watcher();
    await watcher.sees('publisher', 1, patienceMs);
    await goesOn(watcher, 200);
  } catch (error) {
    console.log(world.server?.log().slice(-30).join('\n'));
    throw error;
  } finally {
    await world.close();
  }
}

await analysis.run((name, body) => runner.test(name, async () => body()));
const trouble = await tunTrouble();
const withTun = (name, body) => (trouble ? runner.skip(name, trouble) : runner.test(name, body));
await withTun('a link of TUN devices carries its rate, after its delay', carriesItsRate);
await runner.test('a proxy delays and loses datagrams', proxiesDatagrams);
await withTun('a meeting survives a narrow and lossy link', () => survives('tun'));
const firefox = 'a meeting survives a narrow and lossy link in Firefox';
if (existsSync(firefoxPath)) await withTun(firefox, () => survives('tun', 'firefox'));
else runner.skip(firefox, `there is no ${firefoxPath}`);
await runner.test('a meeting survives a narrow and lossy proxy', () => survives('udp'));
await runner.test('300 kbit/s hold a picture and sound', () => keepsAPicture(trouble ? 'udp' : 'tun'));
await removeMedia();
process.exit(runner.finish());
