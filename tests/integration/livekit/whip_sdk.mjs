// WHIP (RFC 9725): Chromium's own peer connection with fetch, aiortc and GStreamer publish into a room, and rtc-node sees and
// hears them.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { TrackKind } from '@livekit/rtc-node';
import { chromium } from 'playwright-core';
import { eventually, within } from '../../e2e/lib/runner.mjs';
import { freePort, startTurms } from '../../e2e/lib/server.mjs';
import { hearTone, seeColour } from './media.mjs';
import { chromiumArguments, chromiumPath, serveBundle } from './page.mjs';
import { installed } from './python_sdk.mjs';
import { api, httpUrl, join, leave, token, underTest } from './world.mjs';

const red = [200, 0, 0];
const hertz = 440;

/** In the page: a WHIP client that publishes a picture of one colour and a tone. */
async function publish([url, accessToken, { colour, hertz, codec, rids, configuration, tcpOnly, trickle } = {}]) {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [640, 360];
  const context = canvas.getContext('2d');
  const paint = () => {
    context.fillStyle = `rgb(${window.colour.join()})`;
    context.fillRect(0, 0, canvas.width, canvas.height);
  };
  window.colour = colour;
  paint();
  setInterval(paint, 50);
  const audio = new AudioContext();
  const oscillator = new OscillatorNode(audio, { frequency: hertz });
  const sound = audio.createMediaStreamDestination();
  oscillator.connect(sound);
  oscillator.start();

  const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle', ...configuration });
  const [picture] = canvas.captureStream(20).getVideoTracks();
  pc.addTransceiver(sound.stream.getAudioTracks()[0], { direction: 'sendonly' });
  const video = pc.addTransceiver(picture, {
    direction: 'sendonly',
    sendEncodings: rids?.map((rid, index) => ({ rid, scaleResolutionDownBy: 2 ** (rids.length - 1 - index) })),
  });
  if (codec) {
    const { codecs } = RTCRtpSender.getCapabilities('video');
    video.setCodecPreferences(codecs.filter(({ mimeType }) => [codec, 'video/rtx'].includes(mimeType)));
  }
  const candidates = [];
  const gathered = new Promise((done) => {
    pc.onicecandidate = ({ candidate }) => (candidate?.candidate ? candidates.push(candidate.candidate) : done());
  });
  await pc.setLocalDescription();
  if (!trickle) await gathered;
  const ask = (method, target, headers, body) =>
    fetch(new URL(target, url), { method, headers: { Authorization: `Bearer ${accessToken}`, ...headers }, body });
  const response = await ask('POST', '/whip/v1', { 'Content-Type': 'application/sdp' }, pc.localDescription.sdp);
  const text = await response.text();
  if (response.status !== 201) throw new Error(`${response.status} ${text}`);
  const header = (name) => response.headers.get(name);
  window.whip = { pc, ask, gathered, candidates, answer: text, resource: header('location'), tag: header('etag'), links: header('link') };
  const sdp = tcpOnly ? text.replace(/^a=candidate:\S+ 1 udp .*\r\n/gim, '') : text;
  await pc.setRemoteDescription({ type: 'answer', sdp });
  return { resource: window.whip.resource, links: window.whip.links };
}

/** In the page: asks for a change of the session. */
async function patch([tag, body]) {
  const response = await window.whip.ask('PATCH', window.whip.resource, { 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': tag ?? window.whip.tag }, body);
  return { status: response.status, tag: response.headers.get('etag'), body: await response.text() };
}

/** In the page: what of its description concerns ICE. */
function fragment() {
  const { sdp } = window.whip.pc.localDescription;
  const line = (name) => sdp.match(new RegExp(`^${name}.*\\r\\n`, 'm'))[0];
  return [line('a=group'), line('m='), line('a=mid'), line('a=ice-ufrag'), line('a=ice-pwd'), ...window.whip.candidates.map((candidate) => `a=${candidate}\r\n`)].join('');
}

/** In the page: the present answer with what a fragment says of ICE in place of what it said. */
async function takeFragment(body) {
  const { pc } = window.whip;
  const kept = window.whip.answer.replace(/^a=(candidate|end-of-candidates|ice-ufrag|ice-pwd).*\r\n/gm, '');
  const told = body.match(/^a=(candidate|end-of-candidates|ice-ufrag|ice-pwd).*\r\n/gm).join('');
  await pc.setRemoteDescription({ type: 'answer', sdp: kept.replace(/^a=mid:.*\r\n/gm, (mid) => mid + told) });
}

/** The first track of a kind that somebody publishes, once it is subscribed. */
const trackOf = (room, kind, identity) =>
  eventually(
    () =>
      [...(room.remoteParticipants.get(identity)?.trackPublications.values() ?? [])].find(
        (publication) => publication.kind === kind && publication.track,
      )?.track,
    `a track of ${identity}`,
  );

async function seeAndHear(room, identity, colour = red) {
  const picture = await trackOf(room, TrackKind.KIND_VIDEO, identity);
  const sound = await trackOf(room, TrackKind.KIND_AUDIO, identity);
  const [frame] = await Promise.all([seeColour(picture, colour), hearTone(sound, hertz)]);
  return frame;
}

const identities = async (room) => (await api().listParticipants(room)).map((participant) => participant.identity);
const gone = (room, identity, timeoutMs) =>
  eventually(async () => !(await identities(room)).includes(identity), `${identity} to be gone`, timeoutMs);

const send = (method, path, bearer, { type, body, tag } = {}) =>
  fetch(`${httpUrl()}${path}`, {
    method,
    headers: {
      ...(bearer && { Authorization: `Bearer ${bearer}` }),
      ...(type && { 'Content-Type': type }),
      ...(tag && { 'If-Match': tag }),
    },
    body,
  });

export async function run(test) {
  const bundle = await serveBundle();
  const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumArguments });
  const open = async () => {
    const page = await (await browser.newContext()).newPage();
    page.setDefaultTimeout(30_000);
    await page.goto(`http://127.0.0.1:${bundle.address().port}/`);
    return page;
  };
  const close = (page) => page.context().close();
  const publishFrom = async (page, identity, room, options = {}) =>
    page.evaluate(publish, [httpUrl(), await token(identity, room), { colour: red, hertz, ...options }]);

  try {
    await test('what a page publishes by WHIP is seen and heard, until it says that it ends', async () => {
      const bob = await join('bob', 'whip');
      const page = await open();
      const { resource } = await publishFrom(page, 'obs', 'whip');
      assert.match(resource, /^\/whip\/v1\/PA_/);
      await seeAndHear(bob, 'obs');
      const [participant] = (await api().listParticipants('whip')).filter(({ identity }) => identity === 'obs');
      assert.deepEqual(participant.tracks.map(({ name }) => name).sort(), ['synthesized-camera', 'synthesized-microphone']);
      assert.equal((await send('DELETE', resource, await token('obs', 'whip'))).status, 200);
      await gone('whip', 'obs');
      await eventually(() => !bob.remoteParticipants.has('obs'), 'bob hears of it');
      await Promise.all([close(page), leave(bob)]);
    });

    await test('H264 as OBS sends it is seen', async () => {
      const bob = await join('bob', 'whip-h264');
      const page = await open();
      await publishFrom(page, 'obs', 'whip-h264', { codec: 'video/H264' });
      await seeAndHear(bob, 'obs');
      await Promise.all([close(page), leave(bob)]);
    });

    await test('layers sent by WHIP are layers of one picture', async () => {
      const bob = await join('bob', 'whip-layers');
      const page = await open();
      await publishFrom(page, 'obs', 'whip-layers', { rids: ['q', 'h', 'f'], codec: 'video/VP8' });
      await seeAndHear(bob, 'obs');
      const [participant] = (await api().listParticipants('whip-layers')).filter(({ identity }) => identity === 'obs');
      const picture = participant.tracks.find(({ name }) => name === 'synthesized-camera');
      assert.equal(picture.layers.length, 3);
      await Promise.all([close(page), leave(bob)]);
    });

    await test('candidates follow by PATCH, and ICE restarts by it', async () => {
      const bob = await join('bob', 'whip-patch');
      const page = await open();
      await publishFrom(page, 'obs', 'whip-patch', { trickle: true });
      await page.evaluate(() => window.whip.gathered);
      assert.equal((await page.evaluate(patch, [null, await page.evaluate(fragment)])).status, 204);
      await seeAndHear(bob, 'obs');
      await page.evaluate(async () => {
        window.whip.pc.restartIce();
        window.whip.candidates.length = 0;
        await window.whip.pc.setLocalDescription();
      });
      const restarted = await page.evaluate(patch, ['*', await page.evaluate(fragment)]);
      assert.equal(restarted.status, 200, restarted.body);
      assert.notEqual(restarted.tag, await page.evaluate(() => window.whip.tag));
      await page.evaluate(takeFragment, restarted.body);
      await page.evaluate(() => (window.colour = [0, 0, 200]));
      await seeAndHear(bob, 'obs', [0, 0, 200]);
      await eventually(
        () => page.evaluate(() => ['connected', 'completed'].includes(window.whip.pc.iceConnectionState)),
        'a connection again',
      );
      await Promise.all([close(page), leave(bob)]);
    });

    await test('a page that closes is out', async () => {
      const page = await open();
      await publishFrom(page, 'obs', 'whip-close');
      await eventually(async () => (await identities('whip-close')).includes('obs'), 'obs is in');
      await eventually(() => page.evaluate(() => window.whip.pc.connectionState === 'connected'), 'connected');
      await page.evaluate(() => window.whip.pc.close());
      await gone('whip-close', 'obs', 60_000);
      await close(page);
    });

    await test('whom the room service removes is out, and its session with it', async () => {
      const page = await open();
      const { resource } = await publishFrom(page, 'obs', 'whip-removed');
      await eventually(() => page.evaluate(() => window.whip.pc.connectionState === 'connected'), 'connected');
      await api().removeParticipant('whip-removed', 'obs');
      await gone('whip-removed', 'obs');
      const answer = await send('PATCH', resource, await token('obs', 'whip-removed'), {
        type: 'application/trickle-ice-sdpfrag',
        tag: '*',
        body: await page.evaluate(fragment),
      });
      assert.ok(answer.status >= 400, `${answer.status}`);
      await close(page);
    });

    const offer = async () => {
      const page = await open();
      const sdp = await page.evaluate(async () => {
        const pc = new RTCPeerConnection();
        pc.addTransceiver('audio', { direction: 'sendonly' });
        return (await pc.createOffer()).sdp;
      });
      await close(page);
      return sdp;
    };
    await test('who may not is refused', async () => {
      const sdp = { type: 'application/sdp', body: await offer() };
      assert.equal((await send('POST', '/whip/v1', undefined, sdp)).status, 401);
      assert.equal((await send('POST', '/whip/v1', 'nonsense', sdp)).status, 401);
      assert.equal((await send('POST', '/whip/v1', await token('obs', 'whip-no', { roomJoin: false }), sdp)).status, 401);
      assert.equal((await send('POST', '/whip/v1', await token('obs', 'whip-no'), { ...sdp, body: 'nonsense' })).status, 400);
      assert.equal((await send('DELETE', '/whip/v1/PA_x', undefined)).status, 401);
      assert.equal((await send('DELETE', '/whip/v1/PA_x', await token('obs', 'whip-no'))).status, 404);
      const fragment = { type: 'application/trickle-ice-sdpfrag', body: 'a=ice-ufrag:abcd' };
      assert.equal((await send('GET', '/whip/v1')).status, 204);
      assert.ok((await send('PATCH', '/whip/v1/PA_x', await token('obs', 'whip-no'), fragment)).status >= 400);
    });

    await test.ours('LiveKit joins whoever may not publish, answers 400 and 500 where RFC 9725 has other codes, and lets another token end nothing with 200', 'errors tell what is wrong', async () => {
      const sdp = { type: 'application/sdp', body: await offer() };
      const mute = await send('POST', '/whip/v1', await token('obs', 'whip-no', { canPublish: false }), sdp);
      assert.deepEqual([mute.status, await mute.json()], [403, { error: 'does not have permission to publish' }]);
      assert.equal((await send('POST', '/whip/v1', await token('obs', 'whip-no'), { ...sdp, type: 'text/plain' })).status, 415);
      const page = await open();
      const { resource } = await publishFrom(page, 'obs', 'whip-errors');
      const ask = async (identity, method, tag, body) => {
        const answer = await send(method, resource, await token(identity, 'whip-errors'), {
          type: 'application/trickle-ice-sdpfrag',
          tag,
          body,
        });
        return answer.status;
      };
      const body = await page.evaluate(fragment);
      assert.equal(await ask('mallory', 'PATCH', '*', body), 404);
      assert.equal(await ask('mallory', 'DELETE'), 404);
      assert.equal(await ask('obs', 'PATCH', undefined, body), 428);
      assert.equal(await ask('obs', 'PATCH', '"earlier"', body), 412);
      assert.equal(await ask('obs', 'PATCH', '*', 'nonsense'), 400);
      assert.ok((await identities('whip-errors')).includes('obs'));
      await close(page);
    });

    if (underTest === 'turms') await throughFirewalls(test, open, close);
    await otherSenders(test);
  } finally {
    await browser.close();
    bundle.close();
  }
}

/** ICE over TCP, and the TURN servers that the answer names. */
async function throughFirewalls(test, open, close) {
  const onServer = async (settings, body) => {
    const server = await startTurms({ settings });
    try {
      await body(server.origin, await token('obs', 'whip-firewall'));
    } finally {
      await server.stop();
    }
  };
  const connected = (page) =>
    eventually(
      () =>
        page.evaluate(async () => {
          if (window.whip.pc.connectionState !== 'connected') return undefined;
          const reports = await window.whip.pc.getStats();
          const pair = [...reports.values()].find((report) => report.type === 'candidate-pair' && report.nominated && report.state === 'succeeded');
          return pair && { protocol: reports.get(pair.remoteCandidateId).protocol, type: reports.get(pair.localCandidateId).candidateType };
        }),
      'connected',
    );

  await test('WHIP over TCP where no UDP passes', async () =>
    onServer({ 'livekit.rtc.tcp_port': await freePort() }, async (url, bearer) => {
      const page = await open();
      await page.evaluate(publish, [url, bearer, { colour: red, hertz, tcpOnly: true }]);
      assert.equal((await connected(page)).protocol, 'tcp');
      await close(page);
    }));

  await test('WHIP through the TURN server that the answer names', async () =>
    onServer({ 'livekit.turn.enabled': true, 'livekit.turn.udp_port': -1 }, async (url, bearer) => {
      const first = await open();
      const { links } = await first.evaluate(publish, [url, bearer, { colour: red, hertz }]);
      await close(first);
      const [, urls, username, credential] = links.match(/<(turn:[^>]*)>; rel="ice-server"; username="([^"]*)"; credential="([^"]*)"/);
      const page = await open();
      const configuration = { iceServers: [{ urls, username, credential }], iceTransportPolicy: 'relay' };
      await page.evaluate(publish, [url, bearer, { colour: red, hertz, configuration }]);
      assert.equal((await connected(page)).type, 'relay');
      await close(page);
    }));
}

/** A program that publishes by WHIP until it is told to end on its standard input. */
function sender(program, args) {
  const child = spawn(program, args, { stdio: ['pipe', 'inherit', 'inherit'] });
  const ended = new Promise((done) => {
    child.once('exit', (code) => done(code));
    child.once('error', () => done(undefined));
  });
  return {
    async end() {
      child.stdin.end();
      const code = await within(ended, 20_000, 'the sender to end').catch(() => child.kill('SIGKILL'));
      assert.equal(code, 0, `${program} ended with ${code}`);
    },
  };
}

async function otherSenders(test) {
  const published = async (room, program, args) => {
    const bob = await join('bob', room);
    const child = sender(program, [...args, `${httpUrl()}/whip/v1`, await token('obs', room)]);
    try {
      await seeAndHear(bob, 'obs');
    } finally {
      await child.end();
    }
    await gone(room, 'obs');
    await leave(bob);
  };
  const script = (name) => fileURLToPath(new URL(name, import.meta.url));

  const python = await installed(['aiortc==1.16.0']).catch((error) => {
    console.log(`      aiortc is left out: it cannot be installed (${error.message.split('\n')[0]})`);
  });
  if (python) await test('aiortc publishes by WHIP', () => published('whip-aiortc', python, [script('whip_aiortc.py')]));

  try {
    execFileSync('/usr/bin/python3', [script('whip_gstreamer.py'), '--check'], { stdio: 'ignore' });
  } catch {
    console.log('      GStreamer is left out: webrtcbin or its bindings for Python are not installed');
    return;
  }
  await test('GStreamer publishes by WHIP', () => published('whip-gstreamer', '/usr/bin/python3', [script('whip_gstreamer.py')]));
}
