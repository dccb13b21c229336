// What a call with livekit-client in Chromium must outlive, and what its people must see of each other: over two peer
// connections (the older protocol) and over one.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { eventually } from '../../e2e/lib/runner.mjs';
import { chromiumArguments, chromiumPath, connect, serveBundle, watchVideos } from './page.mjs';
import { api, httpUrl, token, webSocketUrl } from './world.mjs';

const onOneNode = 'a single node of LiveKit has nowhere to move the session to';
const pausesNothing = 'LiveKit pauses nothing unless it is configured to';
const byItself = 'LiveKit leaves it to the client, which does not come back by itself';

// What goes wrong, what the client says when it is well again, and why LiveKit's server is left out.
const troubles = [
  { name: 'signal-reconnect', heals: ['reconnected'] },
  { name: 'resume-reconnect', heals: ['reconnected'] },
  { name: 'force-tcp', heals: ['reconnected'] },
  { name: 'disconnect-signal-on-resume', heals: ['reconnected', 'connected'] },
  { name: 'disconnect-signal-on-resume-no-messages', heals: ['reconnected', 'connected'] },
  { name: 'full-reconnect', heals: ['reconnected'] },
  { name: 'node-failure', heals: ['reconnected'] },
  { name: 'migration', heals: ['reconnected'], ours: onOneNode },
  { name: 'leave-full-reconnect', heals: ['reconnected'], ours: byItself },
];

const topologies = [
  ['two peer connections', { singlePeerConnection: false }],
  ['one peer connection', { singlePeerConnection: true }],
];

/** In the page: takes away what is shown, so that what is shown next is new. */
function forget() {
  document.querySelectorAll('video').forEach((video) => video.remove());
  for (const participant of window.room.remoteParticipants.values()) {
    for (const publication of participant.videoTrackPublications.values()) {
      if (publication.track) document.body.append(publication.track.attach());
    }
  }
}

/** In the page: of each layer that its camera can send, whether it does. */
function sentLayers() {
  const [publication] = [...window.room.localParticipant.videoTrackPublications.values()];
  return publication.track.sender.getParameters().encodings.map((encoding) => encoding.active !== false);
}

/** In the page: of each picture that it sees, whether the server sends it. */
function streamStates() {
  return [...window.room.remoteParticipants.values()].flatMap((participant) =>
    [...participant.videoTrackPublications.values()].map((publication) => publication.track?.streamState),
  );
}

/** What our server says of what Bob is sent of Alice's camera. */
async function cameraOfAlice(room) {
  const headers = { Authorization: `Bearer ${await token('bob', room)}` };
  const { subscriptions } = await (await fetch(`${httpUrl()}/rtc/stats`, { headers })).json();
  return subscriptions.find(({ publisher, source }) => publisher === 'alice' && source === 'camera');
}

export async function run(test) {
  const server = await serveBundle();
  const origin = `http://127.0.0.1:${server.address().port}/`;
  const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumArguments });
  const open = async (identity, room, options, grants = {}) => {
    const context = await browser.newContext({ permissions: ['camera', 'microphone'] });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(origin);
    await page.evaluate(connect, [webSocketUrl(), await token(identity, room, grants), options]);
    return page;
  };
  const close = (...pages) => Promise.all(pages.map((page) => page.context().close()));
  const frames = async (page) => (await page.evaluate(watchVideos)).reduce((sum, video) => sum + video.frames, 0);
  const goesOn = async (page, what) => {
    await page.evaluate(forget);
    await eventually(async () => (await frames(page)) > 10, what, 30_000);
  };
  const camera = (page) => page.evaluate(() => window.room.localParticipant.setCameraEnabled(true));
  const heard = (page, ...events) =>
    eventually(
      () => page.evaluate((wanted) => window.events.find((event) => wanted.includes(event)), events),
      events.join(' or '),
      30_000,
    );

  try {
    for (const [topology, options] of topologies) {
      const room = topology.replaceAll(' ', '-');
      let alice;
      let bob;
      await test(`over ${topology} two people see each other`, async () => {
        alice = await open('alice', room, options);
        bob = await open('bob', room, options);
        await Promise.all([camera(alice), camera(bob)]);
        await Promise.all([goesOn(alice, 'alice sees bob'), goesOn(bob, 'bob sees alice')]);
      });

      for (const { name, heals, ours } of troubles) {
        const declare = ours ? test.ours.bind(null, ours) : test;
        await declare(`over ${topology} a call outlives ${name}`, async () => {
          await bob.evaluate((scenario) => {
            window.events.length = 0;
            return window.room.simulateScenario(scenario);
          }, name);
          await heard(bob, ...heals);
          await eventually(() => bob.evaluate(() => window.room.state === 'connected'), 'connected');
          await Promise.all([goesOn(bob, 'bob sees alice'), goesOn(alice, 'alice sees bob')]);
        });
      }

      await test.ours(pausesNothing, `over ${topology} a picture that does not fit is paused, and comes back by itself`, async () => {
        await bob.evaluate(() => {
          window.events.length = 0;
          return window.room.simulateScenario('subscriber-bandwidth', 20_000);
        });
        await heard(bob, 'trackStreamStateChanged');
        await eventually(async () => (await bob.evaluate(streamStates)).includes('paused'), 'paused');
        await eventually(async () => (await cameraOfAlice(room)).limit === 'paused', 'the server says so');
        await bob.evaluate(() => window.room.simulateScenario('subscriber-bandwidth', 0));
        await eventually(async () => !(await bob.evaluate(streamStates)).includes('paused'), 'not paused', 30_000);
        await goesOn(bob, 'bob sees alice');
        await eventually(async () => {
          const { limit, sent, allocated } = await cameraOfAlice(room);
          return limit !== 'paused' && sent && sent.spatial === allocated.spatial;
        }, 'the server says that it goes on');
      });

      await test(`over ${topology} who was said to speak, and then sent away, comes back`, async () => {
        await bob.evaluate(() => {
          window.events.length = 0;
          return window.room.simulateScenario('speaker');
        });
        await heard(bob, 'activeSpeakersChanged');
        await bob.evaluate(() => window.room.simulateScenario('server-leave'));
        await heard(bob, 'disconnected');
        await close(bob);
        bob = await open('bob', room, options);
        await camera(bob);
        await Promise.all([goesOn(bob, 'bob sees alice'), goesOn(alice, 'alice sees bob')]);
      });

      await test(`over ${topology} names, attributes and mutes are seen at once`, async () => {
        await alice.evaluate(() => {
          window.events.length = 0;
        });
        await api().updateParticipant(room, 'bob', { name: 'Robert', metadata: 'm', attributes: { hand: 'up' } });
        await heard(alice, 'participantNameChanged');
        await heard(alice, 'participantMetadataChanged');
        await heard(alice, 'participantAttributesChanged');
        await bob.evaluate(() => window.room.localParticipant.setCameraEnabled(false));
        await heard(alice, 'trackMuted');
        await camera(bob);
        await heard(alice, 'trackUnmuted');
        await goesOn(alice, 'alice sees bob');
      });

      await test(`over ${topology} who may not publish any more stops, and may again`, async () => {
        const may = (canPublish) =>
          api().updateParticipant(room, 'bob', { permission: { canSubscribe: true, canPublish, canPublishData: true } });
        await alice.evaluate(() => {
          window.events.length = 0;
        });
        await may(false);
        await heard(alice, 'trackUnpublished');
        await may(true);
        await eventually(
          () => bob.evaluate(() => window.room.localParticipant.permissions?.canPublish === true),
          'bob may publish again',
        );
        await camera(bob);
        await goesOn(alice, 'alice sees bob');
      });
      await close(...[alice, bob].filter(Boolean));

      await test(`over ${topology} a picture and its sound are one stream where the room syncs them`, async () => {
        const name = `${room}-in-step`;
        await api().createRoom({ name, syncStreams: true });
        const [erin, frank] = [await open('erin', name, options), await open('frank', name, options)];
        await camera(erin);
        await erin.evaluate(() => window.room.localParticipant.setMicrophoneEnabled(true));
        const streams = () =>
          frank.evaluate(() => {
            const [publisher] = [...window.room.remoteParticipants.values()];
            const tracks = [...(publisher?.trackPublications.values() ?? [])].map(({ track }) => track);
            return tracks.length === 2 && tracks.every(Boolean) && tracks.map(({ mediaStream }) => mediaStream.id);
          });
        const inStep = async () => {
          const [one, other] = await eventually(streams, 'picture and sound', 20_000);
          assert.match(one, /^PA_\w+\|camera$/);
          assert.equal(one, other);
          await goesOn(frank, 'frank sees erin');
        };
        const subscribe = (wanted) =>
          frank.evaluate((value) => {
            const [publisher] = [...window.room.remoteParticipants.values()];
            [...publisher.videoTrackPublications.values()][0].setSubscribed(value);
          }, wanted);
        await inStep();
        await subscribe(false);
        await eventually(async () => !(await streams()), 'no picture');
        await subscribe(true);
        await inStep();
        await close(erin, frank);
      });

      await test(`over ${topology} what nobody watches is not sent, and comes back`, async () => {
        const adaptive = { ...options, dynacast: true, adaptiveStream: true };
        const [carol, dave] = [await open('carol', `${room}-saving`, adaptive), await open('dave', `${room}-saving`, adaptive)];
        await carol.evaluate(() =>
          window.room.localParticipant.setCameraEnabled(true, { resolution: { width: 1280, height: 720 } }),
        );
        const size = (width, height) =>
          dave.evaluate(
            ([w, h]) =>
              document.querySelectorAll('video').forEach((video) => {
                Object.assign(video.style, { width: `${w}px`, height: `${h}px`, display: w ? '' : 'none' });
              }),
            [width, height],
          );
        const layers = (...wanted) =>
          eventually(
            async () => {
              const sent = await carol.evaluate(sentLayers);
              return wanted.every((active, i) => sent[i] === active) && sent;
            },
            `layers ${wanted}`,
            30_000,
          );
        await eventually(async () => (await dave.evaluate(watchVideos)).length === 1, 'a picture');
        await size(1280, 720);
        await layers(true, true, true);
        await size(160, 90);
        await layers(true, false, false);
        await size(0, 0);
        await layers(false, false, false);
        await size(1280, 720);
        await layers(true, true, true);
        await eventually(async () => (await dave.evaluate(watchVideos))[0].width > 640, 'a large picture');
        assert.ok((await dave.evaluate(watchVideos))[0].frames > 0);
        await close(carol, dave);
      });
    }
  } finally {
    await browser.close();
    server.close();
  }
}
