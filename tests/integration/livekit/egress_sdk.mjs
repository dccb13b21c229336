// Recordings by the Egress API, asked for with livekit-server-sdk: tracks that rtc-node publishes are recorded, and FFmpeg
// decodes the files.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { VideoCodec } from '@livekit/rtc-node';
import { DirectFileOutput, EgressClient, EgressStatus, EncodedFileOutput, EncodedFileType } from 'livekit-server-sdk';
import { eventually } from '../../e2e/lib/runner.mjs';
import { startTurms } from '../../e2e/lib/server.mjs';
import { publishColour, publishTone } from './media.mjs';
import { api, apiKey, apiSecret, httpUrl, join, leave, leaveAll, token, webhooks } from './world.mjs';

const run_ = promisify(execFile);
const green = [0, 200, 0];
const hertz = 440;
const second = 1_000_000_000;

const egress = (url = httpUrl()) => new EgressClient(url, apiKey, apiSecret);
const toTrack = (filepath) => new DirectFileOutput({ filepath });
const toFile = (filepath, fileType = EncodedFileType.DEFAULT_FILETYPE) => new EncodedFileOutput({ filepath, fileType });

async function probe(file) {
  const { stdout } = await run_('ffprobe', ['-v', 'error', '-count_frames', '-show_streams', '-show_format', '-of', 'json', file]);
  return JSON.parse(stdout);
}

/** Everything in the file is decoded. Times as they are: those of a camera fit no constant rate. */
async function decodes(file) {
  const { stderr } = await run_('ffmpeg', ['-v', 'error', '-xerror', '-i', file, '-vsync', 'passthrough', '-enc_time_base', '1:90000', '-f', 'null', '-']);
  assert.equal(stderr, '');
}

/** What a decoder makes of the file, as bytes. */
async function decoded(file, ...as) {
  const { stdout } = await run_('ffmpeg', ['-v', 'error', '-i', file, ...as, '-'], { encoding: 'buffer', maxBuffer: 1 << 28 });
  return stdout;
}

/** The frequency of a tone, by its zero crossings, from a second after the beginning on. */
async function pitch(file) {
  const bytes = await decoded(file, '-ac', '1', '-ar', '48000', '-f', 's16le');
  const samples = new Int16Array(bytes.buffer, bytes.byteOffset, bytes.length >> 1).subarray(48_000);
  let crossings = 0;
  for (let i = 1; i < samples.length; i += 1) if (samples[i - 1] < 0 && samples[i] >= 0) crossings += 1;
  return (crossings * 48_000) / samples.length;
}

const state = async (id, client = egress()) => (await client.listEgress({ egressId: id }))[0];
const until = (id, status, client) =>
  eventually(async () => {
    const info = await state(id, client);
    return info?.status === status ? info : undefined;
  }, `the status ${EgressStatus[status]}`, 30_000);
const recorded = (id, seconds, client) =>
  eventually(async () => {
    const info = await until(id, EgressStatus.EGRESS_ACTIVE, client);
    return Date.now() * 1e6 - Number(info.updatedAt) > seconds * second;
  }, `${seconds} seconds of it`, 30_000);
const eventsOf = (id) => webhooks.filter((hook) => hook.egressInfo?.egressId === id).map((hook) => hook.event);

export async function run(test) {
  await test.ours('LiveKit records with another program', 'a picture is recorded and its end is told', async () => {
    const alice = await join('alice', 'picture');
    const picture = await publishColour(alice, green);
    const started = await egress().startTrackEgress('picture', toTrack('{room_name}/{track_id}'), picture.publication.sid);
    assert.match(started.egressId, /^EG_/);
    assert.equal(started.status, EgressStatus.EGRESS_STARTING);
    await recorded(started.egressId, 4);
    assert.equal((await api().listRooms(['picture']))[0].activeRecording, true);
    const bob = await join('bob', 'picture');
    assert.equal(bob.isRecording ?? true, true);
    const stopping = await egress().stopEgress(started.egressId);
    assert.equal(stopping.status, EgressStatus.EGRESS_ENDING);
    const { fileResults, details, manifestLocation } = await until(started.egressId, EgressStatus.EGRESS_COMPLETE);
    assert.equal(details, 'End reason: StopEgress API');
    assert.equal(fileResults.length, 1);
    const [file] = fileResults;
    assert.equal(file.filename, `picture/${picture.publication.sid}.webm`);
    const found = await probe(file.location);
    assert.equal(found.streams[0].codec_name, 'vp8');
    assert.equal([found.streams[0].width, found.streams[0].height].join(), '640,360');
    const length = Number(found.format.duration);
    assert.ok(Math.abs(length - Number(file.duration) / second) < 0.1, `${length} s`);
    assert.ok(length > 3.5, `${length} s`);
    assert.ok(Math.abs(Number(found.streams[0].nb_read_frames) / length - 20) < 3, `${found.streams[0].nb_read_frames} frames`);
    await decodes(file.location);
    const manifest = JSON.parse(await readFile(manifestLocation, 'utf8'));
    assert.equal(manifest.files[0].tracks[0].participant, 'alice');
    await eventually(() => eventsOf(started.egressId).includes('egress_ended'), 'egress_ended');
    assert.deepEqual(eventsOf(started.egressId), ['egress_started', 'egress_updated', 'egress_updated', 'egress_ended']);
    await eventually(async () => !(await api().listRooms(['picture']))[0].activeRecording, 'no recording any more');
    await assert.rejects(egress().stopEgress(started.egressId), /cannot be stopped/);
    picture.stop();
    await leaveAll();
  });

  await test.ours('LiveKit records with another program', 'a tone is recorded', async () => {
    const alice = await join('alice', 'tone');
    const tone = await publishTone(alice, hertz);
    const started = await egress().startTrackEgress('tone', toTrack(''), tone.publication.sid);
    await recorded(started.egressId, 4);
    // The end of its track is the end of the recording.
    await leave(alice);
    await tone.stop();
    const { fileResults, details } = await until(started.egressId, EgressStatus.EGRESS_COMPLETE);
    assert.equal(details, 'End reason: Source closed');
    assert.match(fileResults[0].filename, /^TR_\w+-\d{4}-\d\d-\d\dT\d{6}\.ogg$/);
    await decodes(fileResults[0].location);
    const heard = await pitch(fileResults[0].location);
    assert.ok(Math.abs(heard - hertz) < 2, `${heard} Hz`);
  });

  for (const [codec, name, container] of [['H264', 'h264', 'mp4'], ['VP9', 'vp9', 'webm'], ['AV1', 'av1', 'webm']]) {
    await test.ours('LiveKit records with another program', `somebody's ${codec} and voice are in one file, in step`, async () => {
      const alice = await join('alice', codec);
      const tone = await publishTone(alice, hertz);
      const picture = await publishColour(alice, green, { simulcast: false, options: { videoCodec: VideoCodec[codec] } });
      const started = await egress().startParticipantEgress(codec, 'alice', { file: toFile('both/{publisher_identity}') });
      await recorded(started.egressId, 4);
      await egress().stopEgress(started.egressId);
      const { fileResults } = await until(started.egressId, EgressStatus.EGRESS_COMPLETE);
      assert.equal(fileResults.length, 1);
      assert.match(fileResults[0].filename, new RegExp(`^both/alice(-\\d+)?\\.${container}$`));
      const { streams } = await probe(fileResults[0].location);
      assert.deepEqual(streams.map((stream) => stream.codec_name).sort(), [name, 'opus'].sort());
      await decodes(fileResults[0].location);
      const heard = await pitch(fileResults[0].location);
      assert.ok(Math.abs(heard - hertz) < 2, `${heard} Hz`);
      picture.stop();
      await tone.stop();
      await leaveAll();
    });
  }

  await test.ours('LiveKit records with another program', 'two tracks that are named share a file', async () => {
    const alice = await join('alice', 'named');
    const tone = await publishTone(alice, hertz);
    const picture = await publishColour(alice, green);
    const started = await egress().startTrackCompositeEgress('named', toFile('named.mp4'), {
      audioTrackId: tone.publication.sid, videoTrackId: picture.publication.sid,
    });
    await recorded(started.egressId, 3);
    await egress().stopEgress(started.egressId);
    const { fileResults } = await until(started.egressId, EgressStatus.EGRESS_COMPLETE);
    assert.match(fileResults[0].filename, /^named(-\d+)?\.webm$/);
    assert.equal((await probe(fileResults[0].location)).streams.length, 2);
    picture.stop();
    await tone.stop();
    await leaveAll();
  });

  await test.ours('LiveKit records with another program', 'what cannot be recorded is refused, with the reason', async () => {
    const alice = await join('alice', 'refused');
    const tone = await publishTone(alice, hertz);
    const { sid } = tone.publication;
    const rejects = (asked, text) => assert.rejects(asked, text);
    await rejects(egress().startTrackEgress('nowhere', toTrack(''), sid), /requested room does not exist/);
    await rejects(egress().startTrackEgress('refused', toTrack('/etc/passwd'), sid), /invalid field: filepath/);
    await rejects(egress().startTrackEgress('refused', toTrack('../up'), sid), /invalid field: filepath/);
    await rejects(egress().startTrackEgress('refused', 'wss://example.com', sid), /not yet supported/);
    await rejects(egress().startRoomCompositeEgress('refused', { file: toFile('x') }), /not yet supported/);
    await rejects(egress().startWebEgress('https://example.com', { file: toFile('x') }), /not yet supported/);
    await rejects(egress().stopEgress('EG_nobody'), /egress does not exist/);
    const s3 = { case: 's3', value: { accessKey: 'a', secret: 'very-secret', bucket: 'b' } };
    await rejects(
      egress().startTrackEgress('refused', new DirectFileOutput({ filepath: 'x', output: s3 }), sid),
      /uploading them is not yet supported/,
    );
    const post = async (grants) =>
      (
        await fetch(`${httpUrl()}/twirp/livekit.Egress/ListEgress`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${await token('x', 'refused', grants)}` },
          body: '{}',
        })
      ).status;
    assert.equal(await post({}), 401);
    assert.equal(await post({ roomRecord: true }), 200);
    // Nothing came, and nothing is left.
    const waiting = await egress().startTrackEgress('refused', toTrack(''), 'TR_nobody');
    await egress().stopEgress(waiting.egressId);
    assert.equal((await state(waiting.egressId)).status, EgressStatus.EGRESS_ABORTED);
    await tone.stop();
    await leaveAll();
  });

  await test.ours('LiveKit records with another program', 'a recording is finished by the next process when its own was killed', async () => {
    const server = await startTurms();
    const client = egress(server.origin);
    const alice = await join('alice', 'killed', { url: server.origin.replace('http', 'ws') });
    const tone = await publishTone(alice, hertz);
    const picture = await publishColour(alice, green);
    const started = await client.startParticipantEgress('killed', 'alice', { file: toFile('killed') });
    await recorded(started.egressId, 4, client);
    await server.crash();
    picture.stop();
    await tone.stop();
    await leave(alice);
    const { fileResults, details } = await until(started.egressId, EgressStatus.EGRESS_COMPLETE, client);
    assert.match(details, /the server ended while it was under way/);
    const [file] = fileResults;
    assert.ok(Number(file.duration) > 2.5 * second, `${file.duration} ns`);
    await decodes(file.location);
    assert.ok(Math.abs((await pitch(file.location)) - hertz) < 2);
    await server.stop();
  });
}
