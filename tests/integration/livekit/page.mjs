// livekit-client, unchanged, in a page of any browser: the page's server, and what is done inside the page.
import { createServer } from 'node:http';
import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const chromiumPath = process.env.TURMS_CHROMIUM ?? '/usr/bin/chromium';
export const firefoxPath = process.env.TURMS_FIREFOX ?? '/usr/bin/firefox-esr';
export const chromiumArguments = [
  '--no-sandbox',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
];

const distribution = (file) => fileURLToPath(new URL(`node_modules/livekit-client/dist/${file}`, import.meta.url));
const scripts = {
  '/livekit-client.js': distribution('livekit-client.umd.js'),
  '/e2ee-worker.js': distribution('livekit-client.e2ee.worker.js'),
};

export async function serveBundle() {
  const server = createServer((request, response) => {
    if (scripts[request.url]) {
      response.setHeader('Content-Type', 'text/javascript');
      createReadStream(scripts[request.url]).pipe(response);
    } else {
      response.setHeader('Content-Type', 'text/html');
      response.end('<!doctype html><title>client</title><script src="/livekit-client.js"></script>');
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return server;
}

/** In the page: connects and keeps the room, and notes its events. */
export function connect([url, accessToken, options, connectOptions]) {
  const { Room, RoomEvent } = window.LivekitClient;
  window.events = [];
  window.room = new Room(options);
  for (const event of Object.values(RoomEvent)) {
    window.room.on(event, () => window.events.push(event));
  }
  window.room.on(RoomEvent.TrackSubscribed, (track) => document.body.append(track.attach()));
  const start = performance.now();
  return window.room.connect(url, accessToken, connectOptions).then(() => performance.now() - start);
}

/** In the page: the same with end-to-end encryption under a shared key. */
export async function connectEncrypted([url, accessToken, key]) {
  const { ExternalE2EEKeyProvider, Room, RoomEvent } = window.LivekitClient;
  const keyProvider = new ExternalE2EEKeyProvider();
  await keyProvider.setKey(key);
  window.room = new Room({ encryption: { keyProvider, worker: new Worker('/e2ee-worker.js') } });
  window.room.on(RoomEvent.TrackSubscribed, (track) => document.body.append(track.attach()));
  await window.room.setE2EEEnabled(true);
  await window.room.connect(url, accessToken);
}

/** In the page: of each video element its size and how many frames were shown. */
export function watchVideos() {
  return [...document.querySelectorAll('video')].map((video) => ({
    width: video.videoWidth,
    height: video.videoHeight,
    // Firefox counts those of a live stream only under a name of its own.
    frames: video.mozPaintedFrames ?? video.getVideoPlaybackQuality().totalVideoFrames,
  }));
}

/** For the connect options: two peer connections, as clients had before the single one. */
export const dual = { singlePeerConnection: false };

/** In the page: what the receivers of this kind have decoded. */
export async function receivedAudio() {
  let energy = 0;
  const { publisher, subscriber } = window.room.engine.pcManager;
  for (const receiver of (subscriber ?? publisher)._pc.getReceivers()) {
    for (const report of (await receiver.getStats()).values()) {
      if (report.type === 'inbound-rtp' && report.kind === 'audio') energy += report.totalAudioEnergy ?? 0;
    }
  }
  return energy;
}
