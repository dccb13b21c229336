// MoveParticipant with LiveKit's clients: whoever is moved lands in the other room with what it publishes, and hears that it
// was moved. LiveKit's own server knows the call and does not implement it.
import assert from 'node:assert/strict';
import { RoomEvent, TrackKind } from '@livekit/rtc-node';
import { AccessToken, RoomConfiguration } from 'livekit-server-sdk';
import { chromium } from 'playwright-core';
import { eventually } from '../../e2e/lib/runner.mjs';
import { publishColour, seeColour } from './media.mjs';
import { chromiumArguments, chromiumPath, connect, serveBundle, watchVideos } from './page.mjs';
import { api, apiKey, apiSecret, join, leaveAll, webSocketUrl } from './world.mjs';

const notThere = 'LiveKit does not implement MoveParticipant';
const green = [0, 200, 0];

/** A token that also sets up the room, as the one who comes first may. */
function tokenWithSettings(identity, room) {
  const out = new AccessToken(apiKey, apiSecret, { identity, ttl: '10m' });
  out.addGrant({ roomJoin: true, room });
  out.roomConfig = new RoomConfiguration({ metadata: 'of the first room' });
  return out.toJwt();
}

const claimsOf = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[1], 'base64url').toString());

const identitiesIn = async (room) => (await api().listParticipants(room)).map(({ identity }) => identity).sort();

/** In the page: shows this participant, unless somebody is shown. */
function show(identity) {
  if (document.querySelector('video') !== null) return;
  const participant = window.room.remoteParticipants.get(identity);
  for (const publication of participant?.videoTrackPublications.values() ?? []) {
    if (publication.track) document.body.append(publication.track.attach());
  }
}

export async function run(test) {
  const server = await serveBundle();
  const origin = `http://127.0.0.1:${server.address().port}/`;
  const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumArguments });
  const open = async (identity, room, options) => {
    const context = await browser.newContext({ permissions: ['camera', 'microphone'] });
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    await page.goto(origin);
    await page.evaluate(connect, [webSocketUrl(), await tokenWithSettings(identity, room), options]);
    return page;
  };
  const close = (...pages) => Promise.all(pages.map((page) => page.context().close()));
  const camera = (page) => page.evaluate(() => window.room.localParticipant.setCameraEnabled(true));
  const sees = async (page, identity) => {
    await page.evaluate(() => document.querySelectorAll('video').forEach((video) => video.remove()));
    await eventually(
      async () => {
        if ((await page.evaluate(watchVideos)).some((video) => video.frames > 10)) return true;
        await page.evaluate(show, identity);
        return false;
      },
      `a picture of ${identity}`,
      30_000,
    );
  };

  try {
    for (const [topology, options] of [
      ['two peer connections', { singlePeerConnection: false }],
      ['one peer connection', { singlePeerConnection: true }],
    ]) {
      await test.ours(notThere, `over ${topology} who is moved lands in the other room`, async () => {
        const here = `${topology.replaceAll(' ', '-')}-here`;
        const there = here.replace('here', 'there');
        const [alice, bob] = [await open('alice', here, options), await open('bob', here, options)];
        const carol = await open('carol', there, options);
        await Promise.all([alice, bob, carol].map(camera));
        await sees(bob, 'alice');
        await bob.evaluate(() => {
          window.events.length = 0;
        });

        await api().moveParticipant(here, 'alice', there);
        await eventually(() => alice.evaluate(() => window.events.includes('moved')), 'moved');
        await eventually(() => bob.evaluate(() => window.events.includes('participantDisconnected')), 'bob is left');
        await eventually(
          () => alice.evaluate((name) => window.room.state === 'connected' && window.room.name === name, there),
          'alice is there',
          30_000,
        );
        await Promise.all([sees(alice, 'carol'), sees(carol, 'alice')]);
        assert.deepEqual(await identitiesIn(here), ['bob']);
        assert.deepEqual(await identitiesIn(there), ['alice', 'carol']);
        assert.equal(await alice.evaluate(() => window.room.remoteParticipants.has('bob')), false);
        const claims = claimsOf(await alice.evaluate(() => window.room.engine.token));
        assert.equal(claims.video.room, there);
        assert.equal(claims.roomConfig, undefined, 'it was for the first room');

        // What the client does of its own accord after that concerns the new room.
        await alice.evaluate(() => {
          window.events.length = 0;
          return window.room.simulateScenario('full-reconnect');
        });
        await eventually(() => alice.evaluate(() => window.events.includes('reconnected')), 'reconnected', 30_000);
        await sees(carol, 'alice');
        assert.deepEqual(await identitiesIn(there), ['alice', 'carol']);
        await close(alice, bob, carol);
      });
    }

    await test.ours(notThere, 'rtc-node is moved with its picture', async () => {
      const alice = await join('alice', 'node-here');
      const bob = await join('bob', 'node-there');
      const picture = await publishColour(alice, green);
      await eventually(async () => (await identitiesIn('node-here')).length === 1, 'alice is in');
      await api().moveParticipant('node-here', 'alice', 'node-there');
      await eventually(() => alice.heard.some(({ event }) => event === RoomEvent.Moved), 'moved');
      const track = await eventually(
        () =>
          [...(bob.remoteParticipants.get('alice')?.trackPublications.values() ?? [])].find(
            (publication) => publication.kind === TrackKind.KIND_VIDEO && publication.track,
          )?.track,
        'the picture in the other room',
        30_000,
      );
      await seeColour(track, green);
      assert.deepEqual(await identitiesIn('node-here'), []);
      picture.stop();
      await leaveAll();
    });

    await test.ours(notThere, 'nobody is moved by who may not, or to the same room', async () => {
      await join('alice', 'stays');
      await assert.rejects(api().moveParticipant('stays', 'nobody', 'elsewhere'), /404|not found|does not exist/i);
      await assert.rejects(api().moveParticipant('stays', 'alice', 'stays'));
      await assert.rejects(api().forwardParticipant('stays', 'alice', 'elsewhere'), /MoveParticipant is served/);
      assert.deepEqual(await identitiesIn('stays'), ['alice']);
      await leaveAll();
    });
  } finally {
    await browser.close();
    server.close();
  }
}
