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

test('delays stay short for the first while after the connection was lost', () => {
  let now = 0;
  const early = { earlyMs: 60_000, earlyMaxDelayMs: 5000 };
  const backoff = new Backoff({ initialDelayMs: 4000, maxDelayMs: 20_000, ...early, random: () => 0.999999, now: () => now });
  expect([backoff.next(), backoff.next(), backoff.next()]).toEqual([4000, 5000, 5000]);
  now = 59_999;
  expect(backoff.next()).toBe(5000);
  now = 60_000;
  expect(backoff.next()).toBe(20_000);
  backoff.reset();
  backoff.next();
  expect(backoff.next()).toBe(5000);
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
