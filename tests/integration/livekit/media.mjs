// Sources and measurements of media for rtc-node: a picture of one colour, a tone, and what arrives of them.
import {
  AudioFrame,
  AudioSource,
  AudioStream,
  LocalAudioTrack,
  LocalVideoTrack,
  TrackPublishOptions,
  TrackSource,
  VideoBufferType,
  VideoFrame,
  VideoSource,
  VideoStream,
} from '@livekit/rtc-node';

export const sampleRate = 48_000;

/** Publishes a picture of one colour, as [red, green, blue], until stopped. */
export async function publishColour(room, colour, { width = 640, height = 360, simulcast = true, options = {} } = {}) {
  const source = new VideoSource(width, height);
  const pixels = new Uint8Array(width * height * 4);
  for (let i = 0; i < pixels.length; i += 4) pixels.set([...colour, 255], i);
  const frame = new VideoFrame(pixels, width, height, VideoBufferType.RGBA);
  const timer = setInterval(() => source.captureFrame(frame), 50);
  const track = LocalVideoTrack.createVideoTrack('colour', source);
  try {
    const publication = await room.localParticipant.publishTrack(
      track,
      new TrackPublishOptions({ source: TrackSource.SOURCE_CAMERA, simulcast, ...options }),
    );
    return { publication, stop: () => clearInterval(timer) };
  } catch (error) {
    clearInterval(timer);
    throw error;
  }
}

/** Publishes a tone until stopped. */
export async function publishTone(room, hertz) {
  const source = new AudioSource(sampleRate, 1);
  const samples = sampleRate / 50;
  let at = 0;
  let stopped = false;
  const feed = async () => {
    while (!stopped) {
      const data = new Int16Array(samples);
      for (let i = 0; i < samples; i += 1, at += 1) {
        data[i] = Math.round(12_000 * Math.sin((2 * Math.PI * hertz * at) / sampleRate));
      }
      await source.captureFrame(new AudioFrame(data, sampleRate, 1, samples));
    }
  };
  const feeding = feed().catch(() => {});
  const track = LocalAudioTrack.createAudioTrack('tone', source);
  const publication = await room.localParticipant.publishTrack(
    track,
    new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE }),
  );
  return {
    publication,
    async stop() {
      stopped = true;
      await feeding;
    },
  };
}

async function readUntil(stream, take, what, timeoutMs) {
  const reader = stream.getReader();
  const end = Date.now() + timeoutMs;
  let last;
  try {
    while (Date.now() < end) {
      const late = new Promise((done) => setTimeout(done, end - Date.now(), { late: true }).unref());
      const read = await Promise.race([reader.read(), late]);
      if (read.late || read.done) break;
      const { found, seen } = take(read.value);
      last = seen ?? last;
      if (found !== undefined) return found;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
  throw new Error(`not within ${timeoutMs} ms: ${what} (last: ${JSON.stringify(last)})`);
}

/** Waits for a decoded frame of about this colour; returns its size. */
export function seeColour(track, colour, timeoutMs = 20_000) {
  return readUntil(
    new VideoStream(track),
    ({ frame }) => {
      const picture = frame.convert(VideoBufferType.RGBA);
      const middle = (Math.floor(picture.height / 2) * picture.width + Math.floor(picture.width / 2)) * 4;
      const seen = [...picture.data.slice(middle, middle + 3)];
      const close = seen.every((part, i) => Math.abs(part - colour[i]) < 40);
      return { seen, found: close ? { width: frame.width, height: frame.height } : undefined };
    },
    `a frame of colour ${colour}`,
    timeoutMs,
  );
}

/** Share of a sound's energy at one frequency (Goertzel): near 1 for a pure tone. */
function purity(samples, hertz) {
  const factor = 2 * Math.cos((2 * Math.PI * hertz) / sampleRate);
  let before = 0;
  let last = 0;
  let energy = 0;
  for (const sample of samples) {
    [before, last] = [last, sample + factor * last - before];
    energy += sample * sample;
  }
  if (energy < samples.length * 100) return 0;
  return (before * before + last * last - factor * before * last) / (energy * (samples.length / 2));
}

/** Waits until a fifth of a second of this tone has been heard. */
export function hearTone(track, hertz, timeoutMs = 20_000) {
  let window = [];
  return readUntil(
    new AudioStream(track, sampleRate, 1),
    (frame) => {
      window.push(...frame.data);
      if (window.length < sampleRate / 5) return {};
      const seen = purity(window, hertz);
      window = [];
      return { seen, found: seen > 0.8 ? seen : undefined };
    },
    `a tone of ${hertz} Hz`,
    timeoutMs,
  );
}
