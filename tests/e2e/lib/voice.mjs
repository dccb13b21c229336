// Sound for fake microphones: something like syllables of a voice, since a browser's noise suppression takes away what
// does not sound like one.
import { writeFile } from 'node:fs/promises';

const rate = 48_000;
const pitches = { 1: 210, 2: 120, 3: 180 };

/** Writes two seconds of sound that a browser plays over and over as its microphone. */
export async function writeVoice(path, user) {
  const samples = 2 * rate;
  const bytes = Buffer.alloc(44 + samples * 2);
  bytes.write('RIFF', 0);
  bytes.writeUInt32LE(36 + samples * 2, 4);
  bytes.write('WAVEfmt ', 8);
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(rate * 2, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36);
  bytes.writeUInt32LE(samples * 2, 40);
  for (let i = 0; i < samples; i += 1) {
    const time = i / rate;
    const syllable = Math.max(0, Math.sin(2 * Math.PI * 4 * time)) ** 0.6;
    const pitch = pitches[user] * (1 + 0.05 * Math.sin(2 * Math.PI * time));
    let sound = 0;
    for (let harmonic = 1; harmonic <= 12; harmonic += 1) {
      sound += Math.sin(2 * Math.PI * pitch * harmonic * time) * formants(pitch * harmonic);
    }
    bytes.writeInt16LE(Math.round(Math.max(-1, Math.min(1, 0.35 * syllable * sound)) * 30_000), 44 + i * 2);
  }
  await writeFile(path, bytes);
}

/** How strongly a frequency sounds: as in an "ah". */
function formants(frequency) {
  const peak = (centre, width) => Math.exp(-(((frequency - centre) / width) ** 2));
  return peak(700, 200) + 0.7 * peak(1150, 250) + 0.25 * peak(2500, 400) + 0.15;
}
