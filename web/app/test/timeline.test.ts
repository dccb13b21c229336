import { expect, test } from 'vitest';
import type { ChatMessage } from 'turms-client';
import { applyEdit, applyRecall, continues, countUnread, type Entry, mergeMessages } from '../src/state/timeline';

const me = 1n;
const message = (id: number, sentAt: number, text = `t${id}`, senderId = 2n): ChatMessage => ({
  id: BigInt(id),
  groupId: 10n,
  senderId,
  sentAt,
  text,
});
const ids = (entries: Entry[]) => entries.map(({ id }) => id);
const pending = (text: string, status: Entry['status']): Entry => ({
  key: 'l1',
  senderId: me,
  sentAt: 1,
  text,
  status,
});

test('messages come once, by time, by id within a millisecond, those on their way last', () => {
  const first = mergeMessages([pending('p', 'sending')], [message(3, 20), message(2, 10)], me);
  const second = mergeMessages(first, [message(2, 10), message(1, 10)], me);
  expect(ids(second)).toEqual([1n, 2n, 3n, undefined]);
});

test('an own message whose answer was lost is recognised by its text and keeps its place on the page', () => {
  const entries = mergeMessages([pending('hello', 'uncertain')], [message(5, 50, 'hello', me)], me);
  expect(entries).toMatchObject([{ key: 'l1', id: 5n, status: 'sent' }]);
});

test('the same words from before are not taken for the message whose answer was lost', () => {
  const late = { ...pending('ok', 'uncertain'), sentAt: 1_000_000 };
  expect(mergeMessages([late], [message(5, 50, 'ok', me)], me).map(({ status }) => status)).toEqual(['sent', 'uncertain']);
});

test.each(['sending', 'failed'] as const)('one that is %s is not taken for another with the same text', (status) => {
  const entries = mergeMessages([pending('hello', status)], [message(5, 50, 'hello', me)], me);
  expect(entries.length).toBe(2);
});

test('a recall shows one notice, whether the update or the notice of the server comes first', () => {
  const notice: ChatMessage = { ...message(9, 60, '', 0n), system: { kind: 'recalled', messageId: 1n } };
  const start = mergeMessages([], [message(1, 10), message(2, 20)], me);
  const updateFirst = mergeMessages(applyRecall(start, 1n, 2n), [notice], me);
  const noticeFirst = applyRecall(mergeMessages(start, [notice], me), 1n, 2n);
  expect(ids(updateFirst)).toEqual([2n, 9n]);
  expect(ids(noticeFirst)).toEqual([2n, 9n]);
  // The notice of the server does not say whose message it was.
  expect(updateFirst[1]!.senderId).toBe(2n);
  expect(noticeFirst[1]!.senderId).toBe(2n);
  expect(applyRecall(start, 1n, 2n)[0]).toMatchObject({ text: '', system: { kind: 'recalled' } });
});

test('a stale copy does not bring a recalled message back', () => {
  const recalled = applyRecall(mergeMessages([], [message(1, 10)], me), 1n, 2n);
  expect(mergeMessages(recalled, [message(1, 10)], me)[0]).toMatchObject({ text: '', system: { kind: 'recalled' } });
});

test('an edit replaces the text', () => {
  expect(applyEdit(mergeMessages([], [message(1, 10)], me), 1n, 'new', 99)[0]).toMatchObject({ text: 'new', editedAt: 99 });
});

test('unread are the messages of others after the read date', () => {
  const entries = mergeMessages([], [message(1, 10), message(2, 20), message(3, 30, 'x', me), message(4, 40)], me);
  expect(countUnread(entries, 10, me)).toBe(2);
  expect(countUnread(entries, 40, me)).toBe(0);
});

test('neighbours of one sender within five minutes are one block', () => {
  const [a, b, c] = mergeMessages([], [message(1, 1000), message(2, 200_000), message(3, 900_000)], me);
  expect(continues(a, b!)).toBe(true);
  expect(continues(b, c!)).toBe(false);
  expect(continues(undefined, a!)).toBe(false);
});
