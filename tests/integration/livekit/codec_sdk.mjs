// Each video codec that Chromium encodes, with its layers, and end-to-end encryption: livekit-client, unchanged.
import { chromium } from 'playwright-core';
import { eventually } from '../../e2e/lib/runner.mjs';
import { chromiumArguments, chromiumPath, connect, connectEncrypted, serveBundle, watchVideos } from './page.mjs';
import { token, webSocketUrl } from './world.mjs';

const layered = { vp9: 'L3T3_KEY', av1: 'L3T3' };

export async function run(test) {
  const server = await serveBundle();
  const origin = `http://127.0.0.1:${server.address().port}/`;
  const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumArguments });
  const open = async (identity, room, key) => {
    const context = await browser.newContext({ permissions: ['camera', 'microphone'] });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    await page.goto(origin);
    const where = [webSocketUrl(), await token(identity, room)];
    await (key === undefined ? page.evaluate(connect, [...where, {}]) : page.evaluate(connectEncrypted, [...where, key]));
    return page;
  };
  const close = (...pages) => Promise.all(pages.map((page) => page.context().close()));
  const publish = (page, options, resolution = { width: 640, height: 360 }) =>
    page.evaluate(
      ([size, how]) => window.room.localParticipant.setCameraEnabled(true, { resolution: size }, how),
      [resolution, { backupCodec: false, ...options }],
    );
  const moving = (page) =>
    eventually(
      async () => {
        const [video] = await page.evaluate(watchVideos);
        return video !== undefined && video.width > 0 && video.frames > 10 && video;
      },
      'a moving picture',
      40_000,
    );
  const ask = (page, quality) =>
    page.evaluate((wanted) => {
      for (const participant of window.room.remoteParticipants.values()) {
        for (const publication of participant.videoTrackPublications.values()) publication.setVideoQuality(wanted);
      }
    }, quality);
  /** What the page's receiver has decoded last. */
  const decoded = (page) =>
    page.evaluate(async () => {
      const found = [];
      for (const participant of window.room.remoteParticipants.values()) {
        for (const { track } of participant.videoTrackPublications.values()) {
          const report = await track?.getRTCStatsReport?.();
          const codecs = new Map();
          for (const entry of report?.values() ?? []) if (entry.type === 'codec') codecs.set(entry.id, entry.mimeType);
          for (const entry of report?.values() ?? []) {
            if (entry.type !== 'inbound-rtp') continue;
            found.push({ codec: codecs.get(entry.codecId), width: entry.frameWidth, frames: entry.framesDecoded ?? 0 });
          }
        }
      }
      return found[0] ?? { frames: 0 };
    });
  const wide = (page, what, fits) =>
    eventually(
      async () => {
        const { width } = await decoded(page);
        return width !== undefined && fits(width);
      },
      what,
      40_000,
    );

  try {
    for (const [codec, scalabilityMode] of Object.entries(layered)) {
      await test(`${codec} in spatial layers is seen large and small`, async () => {
        const alice = await open('alice', codec);
        const bob = await open('bob', codec);
        await publish(alice, { videoCodec: codec, scalabilityMode });
        await moving(bob);
        await eventually(async () => (await decoded(bob)).codec?.toLowerCase() === `video/${codec}`, codec);
        await wide(bob, 'a large picture', (width) => width === 640);
        await ask(bob, 0);
        await wide(bob, 'a small picture', (width) => width < 640);
        const before = await decoded(bob);
        await eventually(async () => (await decoded(bob)).frames > before.frames + 10, 'small pictures that move');
        await ask(bob, 2);
        await wide(bob, 'a large picture again', (width) => width === 640);
        // A viewer who comes late, and one layer only.
        const carol = await open('carol', codec);
        await moving(carol);
        await close(alice, bob, carol);
      });
    }

    for (const codec of Object.keys(layered)) {
      // livekit-client publishes so only where the server says a version that can.
      await test.ours('its version cannot', `${codec} in streams of its own for each size is seen large and small`, async () => {
        const room = `${codec}-streams`;
        const alice = await open('alice', room);
        const bob = await open('bob', room);
        await publish(alice, { videoCodec: codec, scalabilityMode: 'L1T3', simulcast: true }, { width: 1280, height: 720 });
        const rids = await alice.evaluate(() => {
          const [publication] = window.room.localParticipant.videoTrackPublications.values();
          return publication.track.sender.getParameters().encodings.map((encoding) => encoding.rid).join();
        });
        if (!/^q,h(,f)?$/.test(rids)) throw new Error(`it sends ${rids}`);
        await moving(bob);
        await eventually(async () => (await decoded(bob)).codec?.toLowerCase() === `video/${codec}`, codec);
        await wide(bob, 'a large picture', (width) => width >= 640);
        await ask(bob, 0);
        await wide(bob, 'a small picture', (width) => width <= 320);
        await ask(bob, 2);
        await wide(bob, 'a large picture again', (width) => width >= 640);
        await close(alice, bob);
      });
    }

    const freezes = 'its viewers freeze';
    await test.ours(freezes, 'a sender that changes its codec without a word goes on being seen', async () => {
      const alice = await open('alice', 'change');
      const bob = await open('bob', 'change');
      await publish(alice, { videoCodec: 'vp8', simulcast: false });
      await moving(bob);
      for (const codec of ['video/VP9', 'video/AV1', 'video/VP8']) {
        await alice.evaluate(async (wanted) => {
          const [publication] = window.room.localParticipant.videoTrackPublications.values();
          const { sender } = publication.track;
          const parameters = sender.getParameters();
          const found = parameters.codecs.find(({ mimeType }) => mimeType === wanted);
          for (const encoding of parameters.encodings) {
            encoding.codec = found;
            delete encoding.scalabilityMode;
          }
          await sender.setParameters(parameters);
        }, codec);
        await eventually(async () => (await decoded(bob)).codec === codec, `bob decodes ${codec}`);
        const { frames } = await decoded(bob);
        await eventually(async () => (await decoded(bob)).frames > frames + 10, `pictures in ${codec}`);
      }
      await close(alice, bob);
    });

    await test('h264 is seen, also by one who comes late', async () => {
      const alice = await open('alice', 'h264');
      const bob = await open('bob', 'h264');
      const encodes = await alice.evaluate(() =>
        RTCRtpSender.getCapabilities('video').codecs.some(({ mimeType }) => mimeType === 'video/H264'),
      );
      if (encodes) {
        await publish(alice, { videoCodec: 'h264' });
        await moving(bob);
        const carol = await open('carol', 'h264');
        await moving(carol);
        await close(carol);
      }
      await close(alice, bob);
    });

    for (const codec of ['vp8', 'h264', 'vp9']) {
      await test(`${codec} end-to-end encrypted is seen with the key and not without`, async () => {
        const room = `secret-${codec}`;
        const alice = await open('alice', room, 'the key');
        const bob = await open('bob', room, 'the key');
        const mallory = await open('mallory', room, 'another key');
        const mode = layered[codec] && { scalabilityMode: layered[codec] };
        await publish(alice, { videoCodec: codec, ...mode });
        await publish(bob, { videoCodec: codec, ...mode });
        await Promise.all([moving(alice), moving(bob)]);
        if (mode) {
          await wide(bob, 'a large picture', (width) => width === 640);
          await ask(bob, 0);
          await wide(bob, 'a small picture', (width) => width < 640);
        }
        const { frames } = await decoded(mallory);
        await eventually(async () => (await decoded(bob)).frames > 30, 'more pictures');
        if (frames > 0 || (await decoded(mallory)).frames > 0) throw new Error('seen without the key');
        await close(alice, bob, mallory);
      });
    }
  } finally {
    await browser.close();
    server.close();
  }
}
