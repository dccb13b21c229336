// What @livekit/rtc-node and livekit-server-sdk, unchanged, do with the server.
import assert from 'node:assert/strict';
import { DisconnectReason, RoomEvent, SimulateScenarioKind, TrackKind, VideoCodec } from '@livekit/rtc-node';
import { eventually } from '../../e2e/lib/runner.mjs';
import { hearTone, publishColour, publishTone, seeColour } from './media.mjs';
import { api, httpUrl, join, leave, leaveAll, token, TrackSource, webhooks } from './world.mjs';

const green = [0, 200, 0];
const red = [200, 0, 0];

const trackOf = (room, kind) =>
  eventually(
    () => {
      for (const participant of room.remoteParticipants.values()) {
        for (const publication of participant.trackPublications.values()) {
          if (publication.kind === kind && publication.track) return publication.track;
        }
      }
      return undefined;
    },
    `a subscribed track of kind ${kind}`,
  );

const heard = (room, event, check = () => true) =>
  eventually(() => room.heard.find((entry) => entry.event === event && check(...entry.values)), event);

const eventsOf = (room) => webhooks.filter((hook) => hook.room?.name === room).map((hook) => hook.event);

export async function run(test) {
  await test('a picture and a tone arrive decoded', async () => {
    const alice = await join('alice', 'media');
    const bob = await join('bob', 'media');
    const picture = await publishColour(alice, green);
    const tone = await publishTone(alice, 440);
    await seeColour(await trackOf(bob, TrackKind.KIND_VIDEO), green);
    await hearTone(await trackOf(bob, TrackKind.KIND_AUDIO), 440);
    // Who comes late sees it as well.
    const carol = await join('carol', 'media');
    await seeColour(await trackOf(carol, TrackKind.KIND_VIDEO), green);
    await hearTone(await trackOf(carol, TrackKind.KIND_AUDIO), 440);
    await heard(bob, RoomEvent.ActiveSpeakersChanged, (speakers) => speakers.some((who) => who.identity === 'alice'));
    await heard(alice, RoomEvent.LocalTrackSubscribed);
    picture.stop();
    await tone.stop();
    await leaveAll();
  });

  await test('pictures go both ways at once', async () => {
    const alice = await join('alice', 'both');
    const bob = await join('bob', 'both');
    const [first, second] = await Promise.all([publishColour(alice, green), publishColour(bob, red)]);
    await Promise.all([
      trackOf(bob, TrackKind.KIND_VIDEO).then((track) => seeColour(track, green)),
      trackOf(alice, TrackKind.KIND_VIDEO).then((track) => seeColour(track, red)),
    ]);
    first.stop();
    second.stop();
    await leaveAll();
  });

  for (const codec of ['H264', 'VP9', 'AV1']) {
    await test(`a picture in ${codec} arrives decoded`, async () => {
      const alice = await join('alice', codec);
      const bob = await join('bob', codec);
      const picture = await publishColour(alice, green, { options: { videoCodec: VideoCodec[codec] } });
      await seeColour(await trackOf(bob, TrackKind.KIND_VIDEO), green);
      const { tracks } = await api().getParticipant(codec, 'alice');
      assert.equal(tracks[0].mimeType, `video/${codec}`);
      picture.stop();
      await leaveAll();
    });
  }

  for (const [scenario, staysItself] of [
    [SimulateScenarioKind.SIMULATE_SIGNAL_RECONNECT, true],
    [SimulateScenarioKind.SIMULATE_MIGRATION, true],
    [SimulateScenarioKind.SIMULATE_FULL_RECONNECT, false],
    [SimulateScenarioKind.SIMULATE_NODE_FAILURE, false],
  ]) {
    // LiveKit moves the session to another node, and a single one has none.
    const declare =
      scenario === SimulateScenarioKind.SIMULATE_MIGRATION ? test.ours.bind(null, 'one node of LiveKit loses the media') : test;
    await declare(`after ${SimulateScenarioKind[scenario]} the picture goes on`, async () => {
      const room = `scenario-${scenario}`;
      const alice = await join('alice', room);
      const bob = await join('bob', room);
      const picture = await publishColour(alice, green);
      await seeColour(await trackOf(bob, TrackKind.KIND_VIDEO), green);
      const { sid } = await api().getParticipant(room, 'bob');
      await bob.simulateScenario(scenario);
      await heard(bob, RoomEvent.Reconnected);
      await seeColour(await trackOf(bob, TrackKind.KIND_VIDEO), green);
      assert.equal((await api().getParticipant(room, 'bob')).sid === sid, staysItself);
      picture.stop();
      await leaveAll();
    });
  }

  await test('unpublishing, publishing again and muting are seen', async () => {
    const alice = await join('alice', 'again');
    const bob = await join('bob', 'again');
    const first = await publishColour(alice, green);
    await seeColour(await trackOf(bob, TrackKind.KIND_VIDEO), green);
    first.stop();
    await alice.localParticipant.unpublishTrack(first.publication.sid);
    await heard(bob, RoomEvent.TrackUnpublished);
    bob.heard.length = 0;
    const second = await publishColour(alice, red);
    await seeColour(await trackOf(bob, TrackKind.KIND_VIDEO), red);
    await api().mutePublishedTrack('again', 'alice', second.publication.sid, true);
    await heard(bob, RoomEvent.TrackMuted);
    second.stop();
    await leaveAll();
  });

  await test('a track subscribed again comes back, each time', async () => {
    const alice = await join('alice', 'again');
    const bob = await join('bob', 'again');
    const picture = await publishColour(alice, green);
    await seeColour(await trackOf(bob, TrackKind.KIND_VIDEO), green);
    for (let i = 0; i < 3; ++i) {
      bob.heard.length = 0;
      for (const publication of bob.remoteParticipants.get('alice').trackPublications.values()) publication.setSubscribed(false);
      await heard(bob, RoomEvent.TrackUnsubscribed);
      for (const publication of bob.remoteParticipants.get('alice').trackPublications.values()) publication.setSubscribed(true);
      await heard(bob, RoomEvent.TrackSubscribed);
      await seeColour(await trackOf(bob, TrackKind.KIND_VIDEO), green);
    }
    picture.stop();
    await leaveAll();
  });

  await test('the server API sees and changes participants', async () => {
    const alice = await join('alice', 'managed', { tokenOptions: { name: 'Alice', metadata: 'm', attributes: { a: '1' } } });
    const bob = await join('bob', 'managed');
    const tone = await publishTone(alice, 440);
    // The publisher is told of its track before the server has its media, and only then it is listed.
    await eventually(async () => (await api().getParticipant('managed', 'alice')).tracks.length > 0, 'the track is listed');
    // LiveKit counts after a while.
    await eventually(async () => (await api().listRooms(['managed']))[0]?.numParticipants === 2, 'both are counted');
    const people = await api().listParticipants('managed');
    assert.deepEqual(people.map((who) => who.identity).sort(), ['alice', 'bob']);
    const seen = await api().getParticipant('managed', 'alice');
    assert.equal(seen.name, 'Alice');
    assert.equal(seen.metadata, 'm');
    assert.equal(seen.attributes.a, '1');
    assert.equal(seen.tracks.length, 1);
    assert.equal(seen.tracks[0].mimeType, 'audio/red');
    await api().updateParticipant('managed', 'alice', { name: 'Alicia', attributes: { b: '2' } });
    await heard(bob, RoomEvent.ParticipantNameChanged);
    await heard(bob, RoomEvent.ParticipantAttributesChanged);
    await api().updateRoomMetadata('managed', 'topic');
    await heard(bob, RoomEvent.RoomMetadataChanged);
    // Without the right to publish sound the track ends.
    await api().updateParticipant('managed', 'alice', {
      permission: { canSubscribe: true, canPublish: true, canPublishData: true, canPublishSources: [TrackSource.CAMERA] },
    });
    await heard(bob, RoomEvent.TrackUnpublished);
    await tone.stop();
    await api().removeParticipant('managed', 'bob');
    const gone = await heard(bob, RoomEvent.Disconnected);
    assert.equal(gone.values[0], DisconnectReason.PARTICIPANT_REMOVED);
    await assert.rejects(api().getParticipant('managed', 'bob'), /does not exist/);
    await api().deleteRoom('managed');
    await heard(alice, RoomEvent.Disconnected);
    assert.equal((await api().listRooms(['managed'])).length, 0);
    await leaveAll();
  });

  await test('a publish without the right is refused', async () => {
    // rtc-node gives up after ten seconds, whatever it is told: once is enough.
    const alice = await join('alice', 'silent', { grants: { canPublish: false } });
    const bob = await join('bob', 'silent', { grants: { canPublishSources: [TrackSource.MICROPHONE] } });
    await Promise.all([assert.rejects(publishColour(alice, green)), assert.rejects(publishColour(bob, green))]);
    const tone = await publishTone(bob, 440);
    await hearTone(await trackOf(alice, TrackKind.KIND_AUDIO), 440);
    await tone.stop();
    await leaveAll();
  });

  await test('who may not subscribe receives nothing', async () => {
    const alice = await join('alice', 'deaf');
    const bob = await join('bob', 'deaf', { grants: { canSubscribe: false } });
    const tone = await publishTone(alice, 440);
    await heard(bob, RoomEvent.TrackPublished);
    await new Promise((done) => setTimeout(done, 500));
    assert.ok(!bob.heard.some((entry) => entry.event === RoomEvent.TrackSubscribed));
    await tone.stop();
    await leaveAll();
  });

  await test('a second connection of one identity ends the first', async () => {
    const first = await join('alice', 'twice');
    const second = await join('alice', 'twice');
    const gone = await heard(first, RoomEvent.Disconnected);
    assert.equal(gone.values[0], DisconnectReason.DUPLICATE_IDENTITY);
    assert.ok(second.isConnected);
    await leaveAll();
  });

  await test('one changes oneself when the token allows it', async () => {
    const alice = await join('alice', 'self', { grants: { canUpdateOwnMetadata: true } });
    const bob = await join('bob', 'self');
    await alice.localParticipant.updateName('Al');
    await alice.localParticipant.setAttributes({ mood: 'good' });
    await heard(bob, RoomEvent.ParticipantNameChanged);
    await heard(bob, RoomEvent.ParticipantAttributesChanged);
    await leaveAll();
  });

  await test('webhooks tell the whole story in order, signed', async () => {
    webhooks.length = 0;
    await api().createRoom({ name: 'story', metadata: 'about it' });
    const alice = await join('alice', 'story');
    const tone = await publishTone(alice, 440);
    await eventually(() => eventsOf('story').includes('track_published'), 'track_published');
    await tone.stop();
    await leave(alice);
    await eventually(() => eventsOf('story').includes('participant_left'), 'participant_left');
    await api().deleteRoom('story');
    await eventually(() => eventsOf('story').includes('room_finished'), 'room_finished');
    assert.deepEqual(eventsOf('story'), [
      'room_started',
      'participant_joined',
      'track_published',
      'track_unpublished',
      'participant_left',
      'room_finished',
    ]);
    const started = webhooks.find((hook) => hook.event === 'room_started' && hook.room.name === 'story');
    assert.equal(started.room.metadata, 'about it');
    const joined = webhooks.find((hook) => hook.event === 'participant_joined' && hook.room.name === 'story');
    assert.equal(joined.participant.identity, 'alice');
    assert.ok(!webhooks.some((hook) => hook.event.startsWith('refused')));
  });

  await test('a bad token is refused before anything happens', async () => {
    await assert.rejects(join('alice', 'locked', { tokenOptions: { ttl: -120 } }));
    await assert.rejects(join('alice', '', {}));
    const answer = await fetch(`${httpUrl()}/rtc/validate?access_token=${await token('alice', 'locked')}`);
    assert.equal(answer.status, 200);
    assert.equal(await answer.text(), 'success');
    assert.equal((await api().listRooms(['locked'])).length, 0);
  });
}
