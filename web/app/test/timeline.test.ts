import { expect, test } from 'vitest';
import type { ChatMessage } from 'turms-client';
import { applyEdit, applyReactions, applyRecall, continues, countUnread, type Entry, mergeMessages } from '../src/state/timeline';

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

test('a recall is told in the place of the message, whether the update or the notice of the server comes first', () => {
  const notice: ChatMessage = { ...message(9, 60, '', 0n), system: { kind: 'recalled', messageId: 1n } };
  const start = mergeMessages([], [message(1, 10), message(2, 20)], me);
  const updateFirst = mergeMessages(applyRecall(start, 1n), [notice], me);
  const noticeFirst = applyRecall(mergeMessages(start, [notice], me), 1n);
  expect(noticeFirst).toEqual(updateFirst);
  expect(ids(updateFirst)).toEqual([1n, 2n]);
  expect(updateFirst[0]).toMatchObject({ text: '', senderId: 2n, system: { kind: 'recalled' } });
  // As it is fetched later.
  const told: ChatMessage = { ...message(1, 10, ''), system: { kind: 'recalled', messageId: 1n } };
  expect(mergeMessages([], [told, message(2, 20), notice], me)).toEqual(updateFirst);
});

test('a stale copy does not bring a recalled message back', () => {
  const recalled = applyRecall(mergeMessages([], [message(1, 10)], me), 1n);
  expect(mergeMessages(recalled, [message(1, 10)], me)[0]).toMatchObject({ text: '', system: { kind: 'recalled' } });
});

test('messages stand by their places, whatever their times say', () => {
  const placed = (id: number, sequence: bigint, sentAt: number) => ({ ...message(id, sentAt), sequence });
  expect(ids(mergeMessages([], [placed(1, 3n, 10), placed(2, 1n, 30), placed(3, 2n, 20)], me))).toEqual([2n, 3n, 1n]);
});

test('reactions are counted once for each person, and go with the last one', () => {
  const start = mergeMessages([], [message(1, 10)], me);
  const react = (entries: Entry[], by: bigint, types: number[], added: boolean) =>
    applyReactions(entries, { messageId: 1n, by, types, added });
  const both = react(react(react(start, 1n, [7], true), 2n, [7, 8], true), 2n, [7], true);
  expect(both[0]!.reactions).toEqual([
    { type: 7, count: 2, userIds: [1n, 2n] },
    { type: 8, count: 1, userIds: [2n] },
  ]);
  expect(react(both, 2n, [], false)[0]!.reactions).toEqual([{ type: 7, count: 1, userIds: [1n] }]);
  expect(react(both, 3n, [7], false)[0]!.reactions).toEqual(both[0]!.reactions);
});

test('an edit replaces the text', () => {
  expect(applyEdit(mergeMessages([], [message(1, 10)], me), 1n, 'new', 99)[0]).toMatchObject({ text: 'new', editedAt: 99 });
});

test('unread are the messages of others behind the place that was read', () => {
  const entries = mergeMessages([], [message(1, 10), message(2, 20), message(3, 30, 'x', me), message(4, 40)], me).map((entry) => ({
    ...entry,
    sequence: entry.id!,
  }));
  expect(countUnread(entries, 1n, me)).toBe(2);
  expect(countUnread(entries, 4n, me)).toBe(0);
});

test('neighbours of one sender within five minutes are one block', () => {
  const [a, b, c] = mergeMessages([], [message(1, 1000), message(2, 200_000), message(3, 900_000)], me);
  expect(continues(a, b!)).toBe(true);
  expect(continues(b, c!)).toBe(false);
  expect(continues(undefined, a!)).toBe(false);
});
