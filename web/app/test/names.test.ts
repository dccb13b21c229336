import { describe, expect, test } from 'vitest';
import type { Member } from 'turms-client';
import { en } from '../src/i18n/en';
import { lookalikes, skeleton } from '../src/state/lookalikes';
import { memberNames } from '../src/state/names';

const member = (userId: bigint, name?: string): Member => ({ userId, role: 2, ...(name !== undefined && { name }) });
const profiles = (...entries: [bigint, string][]) => new Map(entries.map(([id, name]) => [id, { id, name, intro: '' }]));

describe('names that look alike', () => {
  test('are told by letters of other alphabets, digits, case and width', () => {
    for (const other of ['аlice', 'aIice', 'a1ice', 'ALICE'.replace('I', 'i'), 'ａｌｉｃｅ', 'al ice', 'а|ісе']) {
      expect(skeleton(other), other).toBe(skeleton('alice'));
    }
    expect(skeleton('rnax')).toBe(skeleton('max'));
    for (const other of ['alicia', 'bob', '王小明', 'alicé']) expect(skeleton(other), other).not.toBe(skeleton('alice'));
    expect(skeleton('王小明')).not.toBe(skeleton('王小朋'));
  });

  test('are those of both, and of nobody else', () => {
    const found = lookalikes(new Map([[1n, 'alice'], [2n, 'bob'], [3n, 'аlice'], [4n, 'aIice']]));
    expect([...found].sort()).toEqual([1n, 3n, 4n]);
  });
});

describe('members', () => {
  test('are called by their name in the group', () => {
    const names = memberNames([member(1n, 'Boss'), member(2n), member(3n)], profiles([1n, 'Alice'], [2n, 'Bob']), en.common);
    expect([...names]).toEqual([[1n, 'Boss'], [2n, 'Bob'], [3n, en.common.member('3')]]);
  });

  test('show their id where another looks the same, and lose it when that one changes', () => {
    const members = [member(1n), member(2n, 'аlice')];
    const names = memberNames(members, profiles([1n, 'alice'], [2n, 'Bob']), en.common);
    expect(names.get(1n)).toBe(en.common.nameWithId('alice', '1'));
    expect(names.get(2n)).toBe(en.common.nameWithId('аlice', '2'));
    expect(memberNames(members, profiles([1n, 'Alina']), en.common).get(1n)).toBe('Alina');
    expect(memberNames([member(1n)], profiles([1n, 'alice']), en.common).get(1n)).toBe('alice');
  });
});
