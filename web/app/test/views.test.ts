import { expect, test, vi } from 'vitest';
import { dateTag, languages } from '../src/i18n';
import { describeError } from '../src/i18n/describe';
import { TurmsError } from 'turms-client';
import type { Entry } from '../src/state/timeline';
import { remainingLength } from '../src/views/length';
import { linkify } from '../src/views/linkify';
import { countText } from '../src/views/count';
import { cutTo } from '../src/views/graphemes';
import { firstUnreadKey, rowAfterKey } from '../src/views/reading';
import { timeText } from '../src/views/time';

vi.mock('../src/state/page', () => ({ app: {} }));

const entry = (id: number, sentAt: number, senderId = 2n): Entry => ({
  key: `m${id}`,
  id: BigInt(id),
  sequence: BigInt(id),
  senderId,
  sentAt,
  text: `${id}`,
  status: 'sent',
});

function hrefs(text: string): string[] {
  return linkify(text).flatMap((part) =>
    typeof part === 'object' && part !== null && 'props' in part ? [(part.props as { href: string }).href] : [],
  );
}

test.each([
  ['https://example.com/a_(b)', ['https://example.com/a_(b)']],
  ['(see https://example.com/a_(b))', ['https://example.com/a_(b)']],
  ['(https://example.com/a).', ['https://example.com/a']],
  ['at www.example.com, or not', ['https://www.example.com']],
  ['www.', []],
  ['awww.example.com', []],
])('the links of %s', (text, expected) => {
  expect(hrefs(text)).toEqual(expected);
});

test.each([
  ['en', ['en-GB', 'en'], 'en-GB'],
  ['en', ['de', 'en-US'], 'en-US'],
  ['zh', ['en-GB', 'zh-TW'], 'zh-TW'],
  ['zh', ['en-GB'], 'zh-CN'],
] as const)('dates in %s for %j: %s', (language, preferred, tag) => {
  expect(dateTag(language, preferred)).toBe(tag);
});

test('who is unknown is told the same as who has a wrong password', () => {
  for (const texts of Object.values(languages)) {
    expect(describeError(TurmsError.refused(2012, undefined), texts)).toBe(
      describeError(TurmsError.refused(2011, undefined), texts),
    );
  }
});

test('a meeting that everybody left has nobody in it, rather than 0', () => {
  expect(languages.en.sidebar.live(0)).not.toMatch(/0/);
  expect(languages.zh.sidebar.live(0)).not.toMatch(/0/);
});

test('the room that is left is told near the end, and what is too much as a negative number', () => {
  expect(remainingLength('x'.repeat(100))).toBeUndefined();
  expect(remainingLength('x'.repeat(450))).toBe(50);
  expect(remainingLength(`${'x'.repeat(800)}\n`)).toBe(-300);
});

test('what was unread at the opening is looked for among older ones as they come, and not among newer ones', () => {
  const opening = { read: 1n, newest: 4n };
  expect(firstUnreadKey([entry(3, 30), entry(4, 40)], opening, 1n)).toBe('m3');
  expect(firstUnreadKey([entry(1, 10), entry(2, 20), entry(3, 30), entry(4, 40)], opening, 1n)).toBe('m2');
  expect(firstUnreadKey([entry(2, 20, 1n), entry(3, 30), entry(4, 40)], opening, 1n)).toBe('m3');
  expect(firstUnreadKey([entry(1, 10), entry(2, 20)], { read: 1n, newest: 1n }, 1n)).toBeUndefined();
});

test('a name is cut where a reader sees a character end', () => {
  const family = '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}';
  expect(cutTo(`ab${family}`, 10)).toBe(`ab${family}`);
  expect(cutTo(`abc${family}`, 10)).toBe('abc');
  expect(cutTo('abcdef', 3)).toBe('abc');
});

test('a badge says no more than that there are many', () => {
  expect([0, 99, 100, 1501].map(countText)).toEqual(['0', '99', '99+', '99+']);
});

test('arrow keys stop at the ends of the list', () => {
  expect(rowAfterKey('ArrowUp', 0, 3)).toBe(0);
  expect(rowAfterKey('ArrowDown', 0, 3)).toBe(1);
  expect(rowAfterKey('ArrowDown', 2, 3)).toBe(2);
  expect(rowAfterKey('Home', 2, 3)).toBe(0);
  expect(rowAfterKey('End', 0, 3)).toBe(2);
  expect(rowAfterKey('a', 0, 3)).toBeUndefined();
});

test('a day of another year is told with its year', () => {
  const texts = timeText('en-GB', languages.en.conversation);
  const now = new Date();
  const year = now.getFullYear();
  // The middle of the year before, and a day of this one that is neither today nor yesterday.
  const before = new Date(year - 1, 5, 15).getTime();
  const within = new Date(year, now.getMonth() < 6 ? 10 : 1, 15).getTime();
  for (const say of [texts.day, texts.short]) {
    expect(say(before)).toContain(`${year - 1}`);
    expect(say(within)).not.toContain(`${year}`);
  }
  expect(texts.day(Date.now())).toBe('Today');
});
