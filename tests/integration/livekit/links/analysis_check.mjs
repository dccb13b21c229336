// The figures of analysis.mjs for pictures and counters that are made up.
import assert from 'node:assert/strict';
import {
  concealedPercent,
  framesPerSecond,
  frozenMs,
  queuedMs,
  sizeChanges,
  timeToWidth,
  usedPercent,
  usualWidth,
  videoKbps,
} from './analysis.mjs';

/** Pictures each 50 ms in [from, to). */
function film(from, to, width = 1280) {
  return Array.from({ length: (to - from) / 50 }, (_, i) => [from + 50 * i, width, (width * 9) / 16]);
}

export async function run(test) {
  await test('freezes are gaps beyond the mean interval, cut to what is asked for', () => {
    assert.equal(frozenMs(film(0, 10_000), 2000, 9950), 0);
    const frozen = [...film(0, 3000), ...film(5000, 8000)];
    assert.equal(frozenMs(frozen, 1000, 8000), 2050);
    assert.equal(frozenMs(frozen, 4000, 8000), 1000);
    assert.equal(frozenMs(frozen, 1000, 4000), 1050);
    // 150 ms more than usual is not yet one; a slow film is not a frozen one.
    assert.equal(frozenMs([...film(0, 1000), ...film(1100, 2000)], 0, 2000), 0);
    assert.equal(frozenMs(Array.from({ length: 20 }, (_, i) => [500 * i, 320, 180]), 4000, 9000), 0);
  });

  await test('a picture that never comes, or comes late, is frozen', () => {
    assert.equal(frozenMs([], 0, 5000), 5000);
    assert.equal(frozenMs(film(2000, 5000), 0, 5000), 2000);
    assert.equal(frozenMs(film(0, 1000), 500, 5000), 4050);
  });

  await test('sizes and rates of pictures', () => {
    const frames = [...film(0, 1000), ...film(1000, 4000, 640), ...film(4000, 6000)];
    assert.equal(usualWidth(frames, 0, 5000), 640);
    assert.equal(usualWidth(frames, 7000, 8000), 0);
    assert.equal(sizeChanges(frames, 0, 6000), 2);
    assert.equal(framesPerSecond(frames, 1000, 3000), 20);
    assert.equal(timeToWidth(frames, 2000, 1280), 2000);
    assert.equal(timeToWidth(frames, 0, 1920), null);
    // What lasts for less than a second does not count.
    assert.equal(timeToWidth([...film(0, 500), ...film(500, 2000, 320), ...film(2000, 4000)], 0, 1280), 2000);
    assert.equal(timeToWidth([...film(0, 1000, 320), ...film(1000, 1500)], 0, 1280), null);
  });

  await test('statistics of receivers, those that come later included', () => {
    const stats = [
      { at: 0, video: { a: { bytesReceived: 1000 } }, audio: { s: { totalSamplesReceived: 0, concealedSamples: 0 } } },
      { at: 500, video: {}, audio: {} },
      { at: 1000, video: { a: { bytesReceived: 51_000 }, b: { bytesReceived: 50_000 } }, audio: { s: { totalSamplesReceived: 48_000, concealedSamples: 480 } } },
    ];
    assert.equal(videoKbps(stats, 0, 1000), 800);
    assert.equal(concealedPercent(stats, 0, 1000), 1);
    assert.equal(concealedPercent(stats, 2000, 3000), null);
  });

  await test('what the bottleneck carried and how long packets waited', () => {
    const at = (t, rate_kbps, bytes_carried, packets_carried, queued_us) => ({ t, down: { rate_kbps, bytes_carried, packets_carried, queued_us } });
    const series = [at(0, 800, 0, 0, 0), at(100, 800, 10_000, 10, 50_000), at(200, 1600, 15_000, 19, 95_000), at(300, 1600, 25_000, 20, 195_000)];
    // 10,000 bytes, the same again, then twice as many could pass.
    assert.equal(usedPercent(series, 'down'), 62.5);
    assert.equal(queuedMs(series, 'down', 0.95), 5);
    assert.equal(queuedMs(series, 'down', 1), 100);
    assert.equal(usedPercent([], 'down'), null);
  });
}
