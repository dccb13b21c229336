// What livekit-client, unchanged, does with the server in Chromium with a fake camera and microphone.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { eventually } from '../../e2e/lib/runner.mjs';
import { chromiumArguments, chromiumPath, connect, dual, receivedAudio, serveBundle, watchVideos } from './page.mjs';
import { api, token, webSocketUrl } from './world.mjs';

/** In the page: a browser without VP9, as far as offers to it are concerned. */
function forgetVp9() {
  const take = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    let { sdp } = description;
    const types = [...sdp.matchAll(/a=rtpmap:(\d+) VP9/g)].map((match) => match[1]);
    for (const type of types) types.push(...[...sdp.matchAll(new RegExp(`a=fmtp:(\\d+) apt=${type}\\b`, 'g'))].map((match) => match[1]));
    for (const type of types) {
      sdp = sdp.replace(new RegExp(`^a=(rtpmap|fmtp|rtcp-fb):${type} .*\\r\\n`, 'gm'), '');
      sdp = sdp.replace(new RegExp(`^(m=video .*?) ${type}\\b`, 'gm'), '$1');
    }
    return take.call(this, { type: description.type, sdp });
  };
}

export async function run(test) {
  await runWith(test, {});
  const named = (name) => `${name}, over two peer connections`;
  const overTwo = (name, body) => test(named(name), body);
  overTwo.ours = (why, name, body) => test.ours(why, named(name), body);
  await runWith(overTwo, dual);
}

async function runWith(test, defaults) {
  const single = defaults.singlePeerConnection !== false;
  const server = await serveBundle();
  const origin = `http://127.0.0.1:${server.address().port}/`;
  const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumArguments });
  const open = async (identity, room, options = {}, grants = {}) => {
    const context = await browser.newContext({ permissions: ['camera', 'microphone'] });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(origin);
    page.connectMs = await page.evaluate(connect, [webSocketUrl(), await token(identity, room, grants), { ...defaults, ...options }]);
    return page;
  };
  const close = (...pages) => Promise.all(pages.map((page) => page.context().close()));
  const moving = (page, count = 1) =>
    eventually(async () => {
      const videos = await page.evaluate(watchVideos);
      return videos.length >= count && videos.every((video) => video.width > 0 && video.frames > 10) && videos;
    }, `${count} moving pictures`);

  try {
    await test('two pages see and hear each other', async () => {
      const alice = await open('alice', 'browser');
      const bob = await open('bob', 'browser');
      await Promise.all(
        [alice, bob].map((page) => page.evaluate(() => window.room.localParticipant.enableCameraAndMicrophone())),
      );
      await Promise.all([moving(alice), moving(bob)]);
      await eventually(() => bob.evaluate(receivedAudio), 'sound');
      const before = await bob.evaluate(watchVideos);
      await eventually(async () => (await bob.evaluate(watchVideos))[0].frames > before[0].frames + 20, 'more frames');
      assert.equal(await bob.evaluate(() => window.room.engine.pcManager.subscriber === undefined), single);
      // A reload in the middle comes back.
      await bob.reload();
      await bob.evaluate(connect, [webSocketUrl(), await token('bob', 'browser'), defaults]);
      await moving(bob);
      console.log(`      connected in ${alice.connectMs.toFixed(0)} and ${bob.connectMs.toFixed(0)} ms`);
      await close(alice, bob);
    });

    await test('a smaller layer is sent when asked for', async () => {
      const alice = await open('alice', 'layers');
      const bob = await open('bob', 'layers');
      await alice.evaluate(() =>
        window.room.localParticipant.setCameraEnabled(true, { resolution: { width: 1280, height: 720 } }),
      );
      await moving(bob);
      const width = async () => (await bob.evaluate(watchVideos))[0].width;
      const ask = (quality) =>
        bob.evaluate((wanted) => {
          for (const participant of window.room.remoteParticipants.values()) {
            for (const publication of participant.videoTrackPublications.values()) publication.setVideoQuality(wanted);
          }
        }, quality);
      await eventually(async () => (await width()) > 320, 'a large picture');
      await ask(0);
      await eventually(async () => (await width()) <= 320, 'a small picture');
      await ask(2);
      await eventually(async () => (await width()) > 320, 'a large picture again');
      await close(alice, bob);
    });

    await test('layers that nobody watches are not sent', async () => {
      const alice = await open('alice', 'dynacast', { dynacast: true });
      const bob = await open('bob', 'dynacast');
      await alice.evaluate(() =>
        window.room.localParticipant.setCameraEnabled(true, { resolution: { width: 1280, height: 720 } }),
      );
      await moving(bob);
      const sent = () =>
        alice.evaluate(() => {
          const [publication] = window.room.localParticipant.videoTrackPublications.values();
          return publication.track.sender.getParameters().encodings.map((encoding) => encoding.active).join();
        });
      const ask = (quality) =>
        bob.evaluate((wanted) => {
          const [alice] = window.room.remoteParticipants.values();
          for (const publication of alice.videoTrackPublications.values()) publication.setVideoQuality(wanted);
        }, quality);
      await eventually(async () => (await sent()) === 'true,true,true', 'all layers');
      await ask(0);
      await eventually(async () => (await sent()) === 'true,false,false', 'the lowest layer only');
      await moving(bob);
      await ask(2);
      await eventually(async () => (await sent()) === 'true,true,true', 'all layers again');
      await close(alice, bob);
    });

    await test('who cannot decode the codec is sent another', async () => {
      const alice = await open('alice', 'backup', { dynacast: true });
      const bob = await browser.newContext({ permissions: ['camera', 'microphone'] }).then((context) => context.newPage());
      await bob.addInitScript(forgetVp9);
      await bob.goto(origin);
      await bob.evaluate(connect, [webSocketUrl(), await token('bob', 'backup'), { singlePeerConnection: false }]);
      await alice.evaluate(() =>
        window.room.localParticipant.setCameraEnabled(true, {}, { videoCodec: 'vp9', backupCodec: { codec: 'vp8' } }),
      );
      await moving(bob);
      const { tracks } = await api().getParticipant('backup', 'alice');
      assert.deepEqual(tracks[0].codecs.map((codec) => codec.mimeType), ['video/VP9', 'video/VP8']);
      await close(alice, bob);
    });

    await test('mute, unpublish, unsubscribe and publish again', async () => {
      const alice = await open('alice', 'switch');
      const bob = await open('bob', 'switch');
      const said = (event) => eventually(() => bob.evaluate((name) => window.events.includes(name), event), event);
      await alice.evaluate(() => window.room.localParticipant.setCameraEnabled(true));
      await moving(bob);
      await alice.evaluate(() => window.room.localParticipant.setCameraEnabled(false));
      await said('trackMuted');
      await alice.evaluate(() => window.room.localParticipant.setCameraEnabled(true));
      await said('trackUnmuted');
      await alice.evaluate(async () => {
        const { localParticipant } = window.room;
        for (const publication of [...localParticipant.videoTrackPublications.values()]) {
          await localParticipant.unpublishTrack(publication.track);
        }
      });
      await said('trackUnpublished');
      await bob.evaluate(() => document.querySelectorAll('video').forEach((video) => video.remove()));
      await alice.evaluate(() => window.room.localParticipant.setCameraEnabled(true));
      await moving(bob);
      await bob.evaluate(() => {
        window.events.length = 0;
        for (const participant of window.room.remoteParticipants.values()) {
          for (const publication of participant.trackPublications.values()) publication.setSubscribed(false);
        }
      });
      await said('trackUnsubscribed');
      await bob.evaluate(() => {
        document.querySelectorAll('video').forEach((video) => video.remove());
        for (const participant of window.room.remoteParticipants.values()) {
          for (const publication of participant.trackPublications.values()) publication.setSubscribed(true);
        }
      });
      await moving(bob);
      await close(alice, bob);
    });

    await test('a lost signal connection resumes while media flows', async () => {
      const alice = await open('alice', 'resume');
      const bob = await open('bob', 'resume');
      await alice.evaluate(() => window.room.localParticipant.setCameraEnabled(true));
      await moving(bob);
      const { sid } = await api().getParticipant('resume', 'bob');
      await bob.evaluate(() => window.room.simulateScenario('signal-reconnect'));
      await eventually(
        () => bob.evaluate(() => window.events.some((event) => event === 'reconnected' || event === 'signalReconnecting')),
        'a reconnect',
      );
      await eventually(() => bob.evaluate(() => window.room.state === 'connected'), 'connected again');
      const before = (await bob.evaluate(watchVideos))[0].frames;
      await eventually(async () => (await bob.evaluate(watchVideos))[0].frames > before + 10, 'frames afterwards');
      assert.equal((await api().getParticipant('resume', 'bob')).sid, sid, 'it is the same session');
      // The one who sends may break as well.
      await alice.evaluate(() => window.room.simulateScenario('signal-reconnect'));
      await eventually(() => alice.evaluate(() => window.events.includes('reconnected')), 'alice reconnects');
      const then = (await bob.evaluate(watchVideos))[0].frames;
      await eventually(async () => (await bob.evaluate(watchVideos))[0].frames > then + 10, 'frames after that');
      await bob.evaluate(() => window.room.simulateScenario('full-reconnect'));
      await eventually(async () => (await api().getParticipant('resume', 'bob')).sid !== sid, 'a new session');
      await bob.evaluate(() => document.querySelectorAll('video').forEach((video) => video.remove()));
      await moving(bob);
      await close(alice, bob);
    });

    const ended = 'LiveKit’s server ends the session when one of the connections closes';
    await test.ours(ended, 'who closes one of its connections stays with the other', async () => {
      const alice = await open('alice', 'closing', dual);
      const bob = await open('bob', 'closing', dual);
      await Promise.all([alice, bob].map((page) => page.evaluate(() => window.room.localParticipant.setCameraEnabled(true))));
      await Promise.all([moving(alice), moving(bob)]);
      const { sid } = await api().getParticipant('closing', 'bob');
      await bob.evaluate(() => window.room.engine.pcManager.publisher._pc.close());
      await eventually(() => alice.evaluate(() => window.events.includes('trackUnpublished')), 'what it carried ends');
      const before = (await bob.evaluate(watchVideos))[0].frames;
      await eventually(async () => (await bob.evaluate(watchVideos))[0].frames > before + 10, 'bob still sees alice');
      assert.equal((await api().getParticipant('closing', 'bob')).sid, sid);
      assert.ok(!(await alice.evaluate(() => window.events)).includes('participantDisconnected'));
      await close(alice, bob);
    });

    await test('removal and the end of the room are told', async () => {
      const alice = await open('alice', 'ending');
      const bob = await open('bob', 'ending');
      await api().removeParticipant('ending', 'alice');
      await eventually(() => alice.evaluate(() => window.events.includes('disconnected')), 'alice is out');
      await eventually(() => bob.evaluate(() => window.events.includes('participantDisconnected')), 'bob sees it');
      await api().deleteRoom('ending');
      await eventually(() => bob.evaluate(() => window.events.includes('disconnected')), 'bob is out');
      await close(alice, bob);
    });
  } finally {
    await browser.close();
    server.close();
  }
}
