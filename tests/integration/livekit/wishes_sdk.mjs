// What clients wish to receive, and congestion feedback by RFC 8888, in Chromium with livekit-client unchanged.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { eventually } from '../../e2e/lib/runner.mjs';
import { chromiumArguments, chromiumPath, connect, receivedAudio, serveBundle, watchVideos } from './page.mjs';
import { token, webSocketUrl } from './world.mjs';

/** Feedback by RFC 8888 in place of transport-wide sequence numbers. */
const congestionFeedback = '--force-fieldtrials=WebRTC-RFC8888CongestionControlFeedback/Enabled,offer:true/';

/** We say it once of all formats; Chromium writes what it took as a line for each. */
const congestionFeedbackAnswered = /a=rtcp-fb:\S+ ack ccfb/;

/** In the page: tells the server what this client wishes to receive. */
function wish(profile) {
  const { localParticipant } = window.room;
  return localParticipant.publishData(new TextEncoder().encode(JSON.stringify(profile)), {
    reliable: true,
    topic: 'turms.receive_profile',
    destinationIdentities: [localParticipant.identity],
  });
}

/** In the page: bytes of video that came so far. */
async function receivedVideoBytes() {
  const { publisher, subscriber } = window.room.engine.pcManager;
  let bytes = 0;
  for (const report of (await (subscriber ?? publisher)._pc.getStats()).values()) {
    if (report.type === 'inbound-rtp' && report.kind === 'video') bytes += report.bytesReceived;
  }
  return bytes;
}

/** In the page: what it believes it may send, in bit/s. */
async function sendEstimate() {
  for (const report of (await window.room.engine.pcManager.publisher._pc.getStats()).values()) {
    if (report.type === 'candidate-pair' && report.nominated) return report.availableOutgoingBitrate ?? 0;
  }
  return 0;
}

export async function run(test) {
  const server = await serveBundle();
  const origin = `http://127.0.0.1:${server.address().port}/`;
  const launch = (...more) => chromium.launch({ executablePath: chromiumPath, args: [...chromiumArguments, ...more] });
  const opener = (browser) => async (identity, room, options = {}, grants = {}) => {
    const context = await browser.newContext({ permissions: ['camera', 'microphone'] });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(origin);
    await page.evaluate(connect, [webSocketUrl(), await token(identity, room, grants), options]);
    return page;
  };
  const close = (...pages) => Promise.all(pages.map((page) => page.context().close()));
  const publishCamera = (page) =>
    page.evaluate(() => window.room.localParticipant.setCameraEnabled(true, { resolution: { width: 1280, height: 720 } }));
  const video = async (page) => (await page.evaluate(watchVideos))[0] ?? { width: 0, frames: 0 };
  /** Until this is true of the picture's width and of the pictures shown in each of a few seconds. */
  const shows = (page, what, matches) =>
    eventually(async () => {
      const before = await video(page);
      const since = performance.now();
      await page.waitForTimeout(2000);
      const after = await video(page);
      const rate = ((after.frames - before.frames) * 1000) / (performance.now() - since);
      return before.width === after.width && matches(after.width, rate) && { width: after.width, rate };
    }, what, 60_000);

  const browser = await launch();
  const open = opener(browser);
  try {
    await test.ours('a receive profile is a wish that LiveKit’s server does not know', 'who saves data gets small pictures, fewer of them, and all of it back', async () => {
      const alice = await open('alice', 'saver', { dynacast: true });
      const bob = await open('bob', 'saver', {}, { canPublishData: false });
      // VP9: Chromium's simulcast of VP8 has no temporal layers, so its frame rate is what it is.
      await alice.evaluate(() =>
        window.room.localParticipant.setCameraEnabled(
          true,
          { resolution: { width: 1280, height: 720 } },
          { videoCodec: 'vp9', backupCodec: false },
        ),
      );
      const full = await shows(bob, 'the full picture', (width, rate) => width === 1280 && rate > 14);
      await bob.evaluate(wish, { mode: 'saver', reason: 'test' });
      const saved = await shows(bob, 'a smaller picture at a lower rate', (width, rate) => width === 640 && rate > 2 && rate < 13);
      await bob.evaluate(wish, { mode: 'saver', max_px: 320 * 180, max_fps: 7 });
      await shows(bob, 'the smallest', (width, rate) => width === 320 && rate > 1 && rate < 8);
      await bob.evaluate(wish, {});
      await shows(bob, 'the full picture again', (width, rate) => width === 1280 && rate > 14);
      console.log(`      ${full.width} px at ${full.rate.toFixed(0)} a second, saved ${saved.width} px at ${saved.rate.toFixed(0)}`);
      // The others heard nothing of it.
      assert.equal(await alice.evaluate(() => window.events.includes('dataReceived')), false);
      await close(alice, bob);
    });

    await test.ours('a receive profile is a wish that LiveKit’s server does not know', 'who only wants to listen gets no byte of video', async () => {
      const alice = await open('alice', 'listen');
      const bob = await open('bob', 'listen');
      await alice.evaluate(() => window.room.localParticipant.enableCameraAndMicrophone());
      await shows(bob, 'a moving picture', (width, rate) => width > 0 && rate > 5);
      await bob.evaluate(wish, { mode: 'audio' });
      const sound = () => bob.evaluate(receivedAudio);
      await eventually(async () => {
        const before = [await bob.evaluate(receivedVideoBytes), await sound()];
        await bob.waitForTimeout(3000);
        const after = [await bob.evaluate(receivedVideoBytes), await sound()];
        return before[0] === after[0] && after[1] > before[1];
      }, 'sound without video', 60_000);
      // Somebody who comes later is not seen either.
      const carol = await open('carol', 'listen');
      await publishCamera(carol);
      await eventually(() => bob.evaluate(() => window.room.remoteParticipants.get('carol')?.videoTrackPublications.size === 1), 'carol');
      const before = await bob.evaluate(receivedVideoBytes);
      await bob.waitForTimeout(3000);
      assert.equal(await bob.evaluate(receivedVideoBytes), before);
      await bob.evaluate(wish, { mode: 'auto' });
      await shows(bob, 'a moving picture again', (width, rate) => width > 0 && rate > 5);
      await close(alice, bob, carol);
    });
  } finally {
    await browser.close();
  }

  const modern = await launch(congestionFeedback);
  const openModern = opener(modern);
  try {
    await test.ours('LiveKit’s server answers no RFC 8888', 'feedback by RFC 8888 serves both ways', async () => {
      const alice = await openModern('alice', 'ccfb');
      const bob = await openModern('bob', 'ccfb');
      await publishCamera(alice);
      await publishCamera(bob);
      for (const page of [alice, bob]) {
        await shows(page, 'the full picture', (width, rate) => width === 1280 && rate > 10);
        const answer = await page.evaluate(() => window.room.engine.pcManager.publisher._pc.remoteDescription.sdp);
        assert.match(answer, congestionFeedbackAnswered);
        assert.doesNotMatch(answer, /transport-cc|transport-wide/);
        // Browsers begin with 300 kbit/s and go no further without feedback.
        await eventually(async () => (await page.evaluate(sendEstimate)) > 1_000_000, 'an estimate from feedback', 60_000);
      }
      await close(alice, bob);
    });
    await test.ours('LiveKit’s server answers no RFC 8888', 'over two peer connections RFC 8888 serves what is published, and transport-wide feedback what is received', async () => {
      // Where the server makes the offer it does not offer it.
      const alice = await openModern('alice', 'ccfb-dual', { singlePeerConnection: false });
      const bob = await openModern('bob', 'ccfb-dual', { singlePeerConnection: false });
      await publishCamera(alice);
      await shows(bob, 'the full picture', (width, rate) => width === 1280 && rate > 10);
      const answer = await alice.evaluate(() => window.room.engine.pcManager.publisher._pc.remoteDescription.sdp);
      assert.match(answer, congestionFeedbackAnswered);
      const offer = await bob.evaluate(() => window.room.engine.pcManager.subscriber._pc.remoteDescription.sdp);
      assert.match(offer, /transport-cc/);
      await close(alice, bob);
    });
  } finally {
    await modern.close();
    server.close();
  }
}
