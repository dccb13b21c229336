import { expect, test } from 'vitest';
import { pieces, plainText, typedName, withIds } from '../src/state/mentions';

const people = [
  { id: 1n, name: 'Bob' },
  { id: 2n, name: 'Bob Miller' },
  { id: 3n, name: '王小明' },
];

test.each([
  ['@Bob, hello', '@{1}, hello'],
  ['hello @Bob Miller!', 'hello @{2}!'],
  ['@Bobby', '@Bobby'],
  ['me@Bob', 'me@Bob'],
  ['@王小明你好', '@{3}你好'],
  ['(@Bob)', '(@{1})'],
  ['@', '@'],
])('%s is sent as %s', (typed, sent) => {
  expect(withIds(typed, people)).toBe(sent);
});

test('what is read has names, and is split where they stand', () => {
  expect(plainText('@{1} and @{9}', (id) => `n${id}`)).toBe('@n1 and @n9');
  expect(pieces('a @{1}')).toEqual([
    { kind: 'text', text: 'a ' },
    { kind: 'mention', id: 1n },
  ]);
});

test('a name is being typed from the @ up to the cursor', () => {
  expect(typedName('hi @bo', 6)).toEqual({ start: 3, name: 'bo' });
  expect(typedName('hi @bo', 2)).toBeUndefined();
  expect(typedName('a@b', 3)).toBeUndefined();
});
