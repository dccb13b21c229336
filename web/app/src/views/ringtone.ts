const everyMs = 2600;
const notes = [587.33, 739.99, 880];

/** Rings until the returned function is called. Silent where the browser allows no sound yet. */
export function startRinging(): () => void {
  let context: AudioContext;
  try {
    context = new AudioContext();
  } catch {
    return () => {};
  }
  const play = () => {
    if (context.state !== 'running') return;
    for (const [index, frequency] of notes.entries()) {
      const start = context.currentTime + index * 0.16;
      const tone = context.createOscillator();
      const level = context.createGain();
      tone.frequency.value = frequency;
      level.gain.setValueAtTime(0, start);
      level.gain.linearRampToValueAtTime(0.09, start + 0.02);
      level.gain.exponentialRampToValueAtTime(0.001, start + 0.5);
      tone.connect(level).connect(context.destination);
      tone.start(start);
      tone.stop(start + 0.55);
    }
  };
  void context.resume().then(play);
  const timer = setInterval(play, everyMs);
  return () => {
    clearInterval(timer);
    void context.close();
  };
}
