// livekit-client, unchanged, in Firefox and Chromium in the same room, each with a fake camera and microphone. Firefox
// differs where it matters to a server: it writes its own SDP, sends nothing to loopback addresses, and hides its own.
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import puppeteer from 'puppeteer-core';
import { eventually } from '../../e2e/lib/runner.mjs';
import { chromiumArguments, chromiumPath, connect, firefoxPath, receivedAudio, serveBundle, watchVideos } from './page.mjs';
import { api, token, webSocketUrl } from './world.mjs';

const launch = () =>
  Promise.all([
    puppeteer.launch({
      browser: 'firefox',
      executablePath: firefoxPath,
      extraPrefsFirefox: {
        'media.navigator.streams.fake': true,
        'media.navigator.permission.disabled': true,
        'media.autoplay.default': 0,
      },
    }),
    puppeteer.launch({ executablePath: chromiumPath, args: chromiumArguments }),
  ]);

/** In the page: shows nothing of the others any more. */
function forgetVideos() {
  document.querySelectorAll('video').forEach((video) => video.remove());
}

const hasNetwork = () =>
  Object.values(networkInterfaces())
    .flat()
    .some((address) => address.family === 'IPv4' && !address.internal);

export async function run(test) {
  if (!hasNetwork()) {
    console.log('      Firefox is left out: this machine has a loopback address only');
    return;
  }
  const server = await serveBundle();
  const [firefox, chromium] = await launch();
  const open = async (browser, identity, room) => {
    const page = await browser.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(`http://localhost:${server.address().port}/`);
    await page.evaluate(connect, [webSocketUrl(), await token(identity, room), {}]);
    return page;
  };
  const moving = (page) =>
    eventually(async () => {
      const videos = await page.evaluate(watchVideos);
      return videos.length === 1 && videos[0].width > 0 && videos[0].frames > 10;
    }, 'a moving picture');
  const heard = (page, event) =>
    eventually(() => page.evaluate((name) => window.events.includes(name), event), event);

  try {
    await test('Firefox and Chromium see and hear each other', async () => {
      const pages = [await open(firefox, 'fox', 'mixed'), await open(chromium, 'chrome', 'mixed')];
      const [fox, chrome] = pages;
      for (const page of pages) await page.evaluate(() => window.room.localParticipant.enableCameraAndMicrophone());
      await Promise.all(pages.map(moving));
      await Promise.all(pages.map((page) => eventually(() => page.evaluate(receivedAudio), 'sound')));
      const { tracks } = await api().getParticipant('mixed', 'fox');
      assert.ok(tracks.some((track) => track.simulcast && track.layers.length > 1), 'Firefox sends several layers');

      await fox.evaluate(() => window.room.localParticipant.setCameraEnabled(false));
      await heard(chrome, 'trackMuted');
      await fox.evaluate(() => window.room.localParticipant.setCameraEnabled(true));
      await heard(chrome, 'trackUnmuted');
      // A reload in the middle comes back.
      await fox.reload();
      await fox.evaluate(connect, [webSocketUrl(), await token('fox', 'mixed'), {}]);
      await moving(fox);
      await Promise.all(pages.map((page) => page.close()));
    });

    await test('Firefox and Chromium send each other packets, texts and calls', async () => {
      const pages = [await open(firefox, 'fox', 'talk'), await open(chromium, 'chrome', 'talk')];
      for (const page of pages) {
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
        await eventually(() => page.evaluate(() => window.room.remoteParticipants.size > 0), 'the other one');
      }
      const numbers = Array.from({ length: 50 }, (_, i) => `${i}`);
      const long = 'a text of some length. '.repeat(2000);
      for (const [page, other, identity, far] of [[pages[0], pages[1], 'fox', 'chrome'], [pages[1], pages[0], 'chrome', 'fox']]) {
        await page.evaluate(
          async ([count, text]) => {
            const { localParticipant } = window.room;
            const bytes = (message) => new TextEncoder().encode(message);
            for (let i = 0; i < count; i++) await localParticipant.publishData(bytes(`${i}`), { reliable: true, topic: 'n' });
            await localParticipant.sendText(text, { topic: 'chat' });
          },
          [numbers.length, long],
        );
        await eventually(() => other.evaluate((count) => window.messages.length > count, numbers.length), `all of ${identity}`);
        const heardThere = await other.evaluate(() => window.messages);
        assert.deepEqual(heardThere.filter((m) => m[2] === 'n').map((m) => m[0]), numbers);
        assert.deepEqual(heardThere.find((m) => m[2] === 'chat'), [long, identity, 'chat']);
        await eventually(async () => {
          await page.evaluate(() => window.room.localParticipant.publishData(new TextEncoder().encode('lossy'), { reliable: false }));
          return other.evaluate(() => window.messages.some((m) => m[0] === 'lossy'));
        }, 'a lossy one');
        const answer = await page.evaluate(
          (destinationIdentity) =>
            window.room.localParticipant.performRpc({ destinationIdentity, method: 'greet', payload: 'hello' }),
          far,
        );
        assert.equal(answer, `${identity}: hello`);
      }
      await Promise.all(pages.map((page) => page.close()));
    });

    await test('Firefox takes back and gives again what it sends and what it wants to see', async () => {
      const pages = [await open(firefox, 'fox', 'again'), await open(chromium, 'chrome', 'again')];
      const [fox, chrome] = pages;
      for (const page of pages) await page.evaluate(() => window.room.localParticipant.setCameraEnabled(true));
      await Promise.all(pages.map(moving));
      await fox.evaluate(async () => {
        const { localParticipant } = window.room;
        for (const publication of [...localParticipant.videoTrackPublications.values()]) {
          await localParticipant.unpublishTrack(publication.track);
        }
      });
      await heard(chrome, 'trackUnpublished');
      await chrome.evaluate(forgetVideos);
      await fox.evaluate(() => window.room.localParticipant.setCameraEnabled(true));
      await moving(chrome);
      const subscribe = (wanted) =>
        fox.evaluate((value) => {
          for (const participant of window.room.remoteParticipants.values()) {
            for (const publication of participant.trackPublications.values()) publication.setSubscribed(value);
          }
        }, wanted);
      await subscribe(false);
      await heard(fox, 'trackUnsubscribed');
      await fox.evaluate(forgetVideos);
      await subscribe(true);
      await moving(fox);
      await Promise.all(pages.map((page) => page.close()));
    });
  } finally {
    await Promise.all([firefox.close(), chromium.close()]);
    server.close();
  }
}
