// node run.mjs PORT KEY SECRET [v0|v1]: how long Chromium takes from Room.connect to the first decoded frame of a video that somebody else
// publishes already. Prints one line of JSON: of each run the milliseconds to that frame, and those until livekit-client told the page of the
// track, before which nothing can be shown. The client looks every 50 ms whether its connections are there, and tells of tracks then.
//
// node run.mjs floor: the same between two peer connections in one page, without a server, signalling and livekit-client.

import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const [port, key, secret, signalling = 'v1'] = process.argv.slice(2);
const RUNS = 20;
const OPTIONS = { singlePeerConnection: signalling === 'v1' };
const RUN_LIMIT_MS = 20_000;
// Servers ask a publisher for at most one key frame in 0.5 to 1 s. A joiner who comes longer after the last one is the usual case.
const BETWEEN_RUNS_MS = 1_500;

/// Out of step with the camera's frames.
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms + 100 * Math.random()));

function token(identity) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: key, sub: identity, exp: Math.floor(Date.now() / 1000) + 3600, video: { roomJoin: true, room: 'connect' } };
  const body = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

const library = readFileSync(new URL('node_modules/livekit-client/dist/livekit-client.umd.js', import.meta.url));
const site = createServer((request, response) => {
  if (request.url === '/livekit.js') return response.setHeader('content-type', 'text/javascript').end(library);
  return response.setHeader('content-type', 'text/html').end('<script src="/livekit.js"></script><video id="v" autoplay muted playsinline></video>');
});
await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
const page = `http://127.0.0.1:${site.address().port}/`;
const url = `ws://127.0.0.1:${port}`;

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'],
});

/// In the page: one run of the floor.
async function direct(limit) {
  const video = document.getElementById('v');
  window.camera ??= (await navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 720 } })).getVideoTracks()[0];
  const start = performance.now();
  const [sender, receiver] = [new RTCPeerConnection(), new RTCPeerConnection()];
  sender.onicecandidate = (event) => receiver.addIceCandidate(event.candidate);
  receiver.onicecandidate = (event) => sender.addIceCandidate(event.candidate);
  const track = new Promise((resolve) => (receiver.ontrack = (event) => resolve(event.track)));
  sender.addTransceiver(window.camera, { direction: 'sendonly', sendEncodings: [{ maxBitrate: 150_000, scaleResolutionDownBy: 4 }] });
  await sender.setLocalDescription();
  await receiver.setRemoteDescription(sender.localDescription);
  await receiver.setLocalDescription();
  await sender.setRemoteDescription(receiver.localDescription);
  video.srcObject = new MediaStream([await track]);
  const frame = await new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error('no frame came')), limit);
    video.requestVideoFrameCallback(() => resolve(performance.now()));
  });
  sender.close();
  receiver.close();
  video.srcObject = null;
  return { frame: frame - start };
}

async function floor(context) {
  const both = await context.newPage();
  await both.goto(page);
  const times = [];
  for (let run = 0; run < RUNS; ++run) {
    await pause(500);
    times.push(await both.evaluate(direct, RUN_LIMIT_MS));
  }
  return times;
}

async function joins(context) {
  const publisher = await context.newPage();
  await publisher.goto(page);
  await publisher.evaluate(async ([server, jwt, options]) => {
    const room = new LivekitClient.Room(options);
    await room.connect(server, jwt);
    await room.localParticipant.setCameraEnabled(true);
  }, [url, token('publisher'), OPTIONS]);

  const subscriber = await context.newPage();
  await subscriber.goto(page);
  const times = [];
  for (let run = 0; run < RUNS; ++run) {
    await pause(BETWEEN_RUNS_MS);
    times.push(await subscriber.evaluate(async ([server, jwt, limit, options]) => {
      const room = new LivekitClient.Room(options);
      const video = document.getElementById('v');
      let told = 0;
      const firstFrame = new Promise((resolve, reject) => {
        setTimeout(() => reject(new Error('no frame came')), limit);
        room.on('trackSubscribed', (track) => {
          if (track.kind !== 'video') return;
          told = performance.now();
          track.attach(video);
          video.requestVideoFrameCallback(() => resolve(performance.now()));
        });
      });
      const start = performance.now();
      await room.connect(server, jwt);
      const frame = (await firstFrame) - start;
      await room.disconnect();
      video.srcObject = null;
      return { frame, told: told - start };
    }, [url, token(`subscriber${run}`), RUN_LIMIT_MS, OPTIONS]));
  }
  return times;
}

try {
  const context = await browser.newContext();
  console.log(JSON.stringify(await (port === 'floor' ? floor(context) : joins(context))));
} finally {
  await browser.close();
  site.close();
}
