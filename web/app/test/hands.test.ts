import { expect, test } from 'vitest';
import { byHand, readHand, writeHand } from '../src/meeting/hands';

test('a hand comes as it went, and nothing else is one', () => {
  expect(readHand(writeHand({ raised: true, at: 5 }))).toEqual({ raised: true, at: 5 });
  for (const text of ['', 'null', '{"raised":1,"at":2}', '{"raised":true}', `{"raised":true,"at":1,"x":"${'y'.repeat(100)}"}`]) {
    expect(readHand(new TextEncoder().encode(text))).toBeUndefined();
  }
});

test('who raised a hand first is first, and the others stay as they were', () => {
  const people = [{ name: 'a' }, { name: 'b', handRaisedAt: 9 }, { name: 'c' }, { name: 'd', handRaisedAt: 3 }];
  expect(byHand(people).map(({ name }) => name)).toEqual(['d', 'b', 'a', 'c']);
});
