import { withoutMarks } from './markdown';

// A message names a person by `@{id}`, which the server and every other client understand; people write and read `@name`.

const mention = /@\{(\d{1,19})\}/g;

export interface Mentionable {
  id: bigint;
  name: string;
}

/** The text as one reads it out: without the marks of its layout, and with names in the places of ids. */
export function spokenText(text: string, nameOf: (id: bigint) => string): string {
  return plainText(withoutMarks(text), nameOf);
}

/** The text with names in the places of ids. */
export function plainText(text: string, nameOf: (id: bigint) => string): string {
  return text.replace(mention, (_, id: string) => `@${nameOf(BigInt(id))}`);
}

export type Piece = { kind: 'text'; text: string } | { kind: 'mention'; id: bigint };

export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(mention)) {
    if (match.index > end) found.push({ kind: 'text', text: text.slice(end, match.index) });
    found.push({ kind: 'mention', id: BigInt(match[1]!) });
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ kind: 'text', text: text.slice(end) });
  return found;
}

/** What is sent for what was typed: ids in the places of names, of the longest name where several fit. */
export function withIds(text: string, people: readonly Mentionable[]): string {
  const longestFirst = people.filter(({ name }) => name !== '').sort((a, b) => b.name.length - a.name.length);
  let result = '';
  for (let at = 0; at < text.length; ) {
    const named = isBegin(text, at) ? longestFirst.find(({ name }) => names(text, at + 1, name)) : undefined;
    result += named ? `@{${named.id}}` : text[at];
    at += named ? named.name.length + 1 : 1;
  }
  return result;
}

/** Whether an @ stands there that is not within a word, as it is in an address of e-mail. */
function isBegin(text: string, at: number): boolean {
  return text[at] === '@' && (at === 0 || !/[\p{L}\p{N}_.]/u.test(text[at - 1]!));
}

/** Whether the name stands there, and not only as the beginning of a longer word in letters of an alphabet. */
function names(text: string, at: number, name: string): boolean {
  return text.startsWith(name, at) && !/^[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}_]/u.test(text.slice(at + name.length));
}

/** What is being typed of a name right before the cursor; nothing when that is no name. */
export function typedName(text: string, cursor: number): { start: number; name: string } | undefined {
  const start = text.lastIndexOf('@', cursor - 1);
  if (start < 0 || !isBegin(text, start)) return undefined;
  const name = text.slice(start + 1, cursor);
  return name.length > 32 || /\n|\s{2}/.test(name) ? undefined : { start, name };
}
