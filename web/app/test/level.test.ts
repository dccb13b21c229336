import { expect, test } from 'vitest';
import { levelOf } from '../src/media/level';

test.each([
  ['silence', 0, 0],
  ['what is below the floor', 0.0005, 0],
  ['half of the way in decibels', 10 ** (-30 / 20), 0.5],
  ['full scale', 1, 1],
])('the level of %s', (_, amplitude, level) => {
  expect(levelOf(new Float32Array(64).fill(amplitude))).toBeCloseTo(level, 5);
});

test('no samples are silence', () => {
  expect(levelOf(new Float32Array())).toBe(0);
});
