/** Quieter than this is silence, in dB below full scale. */
const floorDb = -60;

/** How loud samples between -1 and 1 are: 0 for silence, 1 for as loud as it goes, even to the ear. */
export function levelOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const rms = Math.sqrt(sum / Math.max(1, samples.length));
  if (rms === 0) return 0;
  return Math.min(1, Math.max(0, 1 - (20 * Math.log10(rms)) / floorDb));
}

/** Measures how loud the stream is, many times a second, until the function that it returns is called. */
export function watchLevel(stream: MediaStream, onLevel: (level: number) => void): () => void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    onLevel(levelOf(samples));
  }, 60);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}

const toneSeconds = 1;

/** Plays a tone of a second on the speaker; resolves when it has ended. */
export async function playTone(speakerId: string | undefined): Promise<void> {
  const context = new AudioContext();
  try {
    // Not every browser lets one choose.
    const chooser = context as AudioContext & { setSinkId?: (id: string) => Promise<void> };
    if (speakerId !== undefined && chooser.setSinkId) await chooser.setSinkId(speakerId);
    const gain = context.createGain();
    const end = context.currentTime + toneSeconds;
    gain.gain.setValueAtTime(0.2, context.currentTime);
    gain.gain.setTargetAtTime(0, end - 0.2, 0.06);
    const tone = context.createOscillator();
    tone.frequency.value = 523;
    tone.connect(gain).connect(context.destination);
    const ended = new Promise((done) => tone.addEventListener('ended', done));
    tone.start();
    tone.stop(end);
    await ended;
  } finally {
    void context.close();
  }
}
