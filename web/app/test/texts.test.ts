import { expect, test } from 'vitest';
import { TurmsError } from 'turms-client';
import { browserLanguage, languages } from '../src/i18n';
import { describeError } from '../src/i18n/describe';
import { MediaFailure } from '../src/state/failures';
import { formatRoute, parseRoute } from '../src/state/route';
import { linkify } from '../src/views/linkify';

test('both languages know the same codes', () => {
  const codes = (language: 'en' | 'zh') => Object.keys(languages[language].errors.codes).sort();
  expect(codes('zh')).toEqual(codes('en'));
  const closed = (language: 'en' | 'zh') => Object.keys(languages[language].errors.closed).sort();
  expect(closed('zh')).toEqual(closed('en'));
});

test('every failure is said in words', () => {
  const { en, zh } = languages;
  expect(describeError(TurmsError.refused(2011, undefined), en)).toBe('The name or the password is wrong.');
  expect(describeError(TurmsError.refused(2011, undefined), zh)).toBe('用户名或密码错误。');
  expect(describeError(TurmsError.refused(9999, 'x'), en)).toBe('The server refused (code 9999).');
  expect(describeError(new TurmsError('timeout', ''), en)).toBe('The server did not answer in time.');
  expect(describeError(new MediaFailure('denied'), en)).toContain('Allow camera and microphone');
  expect(describeError('nonsense', en)).toBe('Something went wrong.');
});

test.each([
  [['zh-CN', 'en'], 'zh'],
  [['de', 'zh-TW'], 'zh'],
  [['de', 'fr'], 'en'],
  [['en-GB', 'zh'], 'en'],
] as const)('the browser prefers %j: %s', (preferred, language) => {
  expect(browserLanguage(preferred)).toBe(language);
});

test.each([
  ['#/', { view: 'conversation' }],
  ['', { view: 'conversation' }],
  ['#/g/12', { key: 'g12', view: 'conversation' }],
  ['#/g/12/meeting', { key: 'g12', view: 'meeting' }],
  ['#/u/34', { key: 'u34', view: 'conversation' }],
  ['#/u/34/members', { key: 'u34', view: 'conversation' }],
  ['#/settings', { view: 'settings' }],
  ['#/contacts', { view: 'contacts' }],
  ['#/g/12/other', { view: 'conversation' }],
  ['#/g/99999999999999999999', { view: 'conversation' }],
] as const)('the address %s', (hash, route) => {
  expect(parseRoute(hash)).toEqual(route);
});

test('an address names what it shows', () => {
  expect(formatRoute({ key: 'g5', view: 'members' })).toBe('#/g/5/members');
  expect(formatRoute({ view: 'settings' })).toBe('#/settings');
  expect(parseRoute(formatRoute({ view: 'conversation' }))).toEqual({ view: 'conversation' });
});

test('only web addresses become links, without the full stop after them', () => {
  const parts = linkify('see https://example.com/a?b=1. javascript:alert(1)');
  expect(parts[0]).toBe('see ');
  expect(parts[1]).toMatchObject({ type: 'a', props: { href: 'https://example.com/a?b=1', rel: 'noopener noreferrer' } });
  expect(parts.slice(2)).toEqual(['. javascript:alert(1)']);
});
