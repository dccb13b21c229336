// Sound for fake microphones: something like syllables of a voice, since a browser's noise suppression takes away what
// does not sound like one.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const rate = 48_000;
const pitches = { 1: 210, 2: 120, 3: 180 };

/** Writes two seconds of sound that a browser plays over and over as its microphone. */
export async function writeVoice(path, user) {
  await writeFile(path, toWave(Float64Array.from({ length: 2 * rate }, (_, i) => sample(user, i))));
}

function sample(user, i) {
  const time = i / rate;
  const syllable = Math.max(0, Math.sin(2 * Math.PI * 4 * time)) ** 0.6;
  const pitch = pitches[user] * (1 + 0.05 * Math.sin(2 * Math.PI * time));
  let sound = 0;
  for (let harmonic = 1; harmonic <= 12; harmonic += 1) {
    sound += Math.sin(2 * Math.PI * pitch * harmonic * time) * formants(pitch * harmonic);
  }
  return 0.35 * syllable * sound;
}

/**
 * Writes a voice made by espeak-ng, with pauses between its sentences and the hiss of a fan all the time. Rejects when there is no
 * espeak-ng.
 * @param noise root mean square of the hiss, of 1
 */
export async function writeNoisySpeech(path, noise = 0.02) {
  const spoken = await readFile(await speak(path));
  const from = spoken.indexOf('data') + 8;
  const spokenRate = spoken.readUInt32LE(24);
  const pause = rate;
  const length = Math.floor((((spoken.length - from) / 2) * rate) / spokenRate);
  const samples = new Float64Array(length + 2 * pause);
  for (let i = 0; i < length; i += 1) {
    const at = from + 2 * Math.floor((i * spokenRate) / rate);
    samples[i + pause] = (0.7 * spoken.readInt16LE(Math.min(at, spoken.length - 2))) / 32_768;
  }
  let seed = 1;
  let low = 0;
  for (let i = 0; i < samples.length; i += 1) {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    // A little duller than white, as fans are.
    low += 0.5 * ((seed / 2 ** 32 - 0.5) * Math.sqrt(12) - low);
    samples[i] += noise * Math.sqrt(3) * low;
  }
  await writeFile(path, toWave(samples));
}

async function speak(path) {
  const file = `${path}.spoken.wav`;
  const text = 'Good morning. Can everybody hear me? The new layout is ready, and we should look at it together.';
  await promisify(execFile)('espeak-ng', ['-v', 'en-gb', '-s', '150', '-g', '20', '-w', file, text]);
  return file;
}

/** 16 bits, one channel. */
function toWave(samples) {
  const bytes = Buffer.alloc(44 + samples.length * 2);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(36 + samples.length * 2, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(rate * 2, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(samples.length * 2, 40);
  for (let i = 0; i < samples.length; i += 1) bytes.writeInt16LE(Math.round(Math.max(-1, Math.min(1, samples[i])) * 30_000), 44 + i * 2);
  return bytes;
}

/** How strongly a frequency sounds: as in an "ah". */
function formants(frequency) {
  const peak = (centre, width) => Math.exp(-(((frequency - centre) / width) ** 2));
  return peak(700, 200) + 0.7 * peak(1150, 250) + 0.25 * peak(2500, 400) + 0.15;
}
