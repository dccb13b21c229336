import { expect, test } from 'vitest';
import { Backoff } from '../src/backoff.js';

test('the ceiling doubles up to the maximum, and the delay is drawn from its upper half', () => {
  const low = new Backoff({ initialDelayMs: 100, maxDelayMs: 1000, random: () => 0 });
  expect([low.next(), low.next(), low.next(), low.next(), low.next(), low.next()]).toEqual([
    50, 100, 200, 400, 500, 500,
  ]);
  const high = new Backoff({ initialDelayMs: 100, maxDelayMs: 1000, random: () => 0.999999 });
  expect([high.next(), high.next(), high.next(), high.next(), high.next()]).toEqual([100, 200, 400, 800, 1000]);
});

test('a reset starts over', () => {
  const backoff = new Backoff({ initialDelayMs: 100, maxDelayMs: 1000, random: () => 0 });
  backoff.next();
  backoff.next();
  backoff.reset();
  expect(backoff.next()).toBe(50);
});

test('many attempts do not overflow', () => {
  const backoff = new Backoff({ initialDelayMs: 100, maxDelayMs: 1000, random: () => 0 });
  for (let i = 0; i < 5000; i += 1) expect(backoff.next()).toBeLessThanOrEqual(1000);
});
