import { addressesIn } from './addresses';

// The part of Markdown that people write in messages. It becomes a tree of plain values, of which the page makes elements of its
// own: whatever is written, no HTML comes of it. What is no Markdown stays as it was typed.

export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'strong' | 'emphasis' | 'strike'; content: Inline[] }
  | { kind: 'code'; text: string }
  | { kind: 'link'; address: string; label: string };

export type Block =
  | { kind: 'paragraph'; content: Inline[] }
  | { kind: 'code'; language: string; text: string }
  | { kind: 'quote'; content: Block[] }
  | { kind: 'list'; start: number | undefined; items: Block[][] };

/** Quotes and lists that are deeper than this are text, and so is emphasis in emphasis. */
const maxDepth = 4;
/** Longer texts, which this page cannot write, are shown as they are. */
const maxLength = 20_000;

const fence = /^ {0,3}(`{3,}|~{3,}) *([\w+#.-]{0,30}) *$/;
const bullet = /^ {0,3}[-*+] +(?=\S)/;
const numbered = /^ {0,3}(\d{1,9})[.)] +(?=\S)/;
const quoted = /^ {0,3}> ?/;

export function parseMarkdown(text: string): Block[] {
  if (text.length > maxLength) return [{ kind: 'paragraph', content: [{ kind: 'text', text }] }];
  return parseBlocks(text.split('\n'), 0);
}

function parseBlocks(lines: readonly string[], depth: number): Block[] {
  const blocks: Block[] = [];
  let at = 0;
  /** The lines from here on for which it is true. */
  const take = (isPart: (line: string, index: number) => boolean): string[] => {
    const start = at;
    while (at < lines.length && isPart(lines[at]!, at - start)) at += 1;
    return lines.slice(start, at);
  };
  while (at < lines.length) {
    const line = lines[at]!;
    const [, marks, language] = fence.exec(line) ?? [];
    if (marks !== undefined && language !== undefined) {
      at += 1;
      const code = take((each) => !closes(each, marks));
      at += 1;
      blocks.push({ kind: 'code', language, text: code.join('\n') });
    } else if (line.trim() === '') {
      at += 1;
    } else if (depth < maxDepth && quoted.test(line)) {
      const inner = take((each) => quoted.test(each)).map((each) => each.replace(quoted, ''));
      blocks.push({ kind: 'quote', content: parseBlocks(inner, depth + 1) });
    } else if (depth < maxDepth && (bullet.test(line) || numbered.test(line))) {
      const mark = bullet.test(line) ? bullet : numbered;
      const start = numbered.exec(line)?.[1];
      const items: Block[][] = [];
      while (at < lines.length && mark.test(lines[at]!)) {
        // What is below an item and further in belongs to it.
        const item = take((each, index) => index === 0 || /^ {2,}\S/.test(each));
        const width = mark.exec(item[0]!)![0].length;
        const inner = item.map((each, index) => (index === 0 ? each.slice(width) : outdent(each, width)));
        items.push(parseBlocks(inner, depth + 1));
      }
      blocks.push({ kind: 'list', start: start === undefined ? undefined : Number(start), items });
    } else {
      const paragraph = take((each, index) => index === 0 || !(each.trim() === '' || beginsBlock(each, depth)));
      blocks.push({ kind: 'paragraph', content: parseInline(paragraph.join('\n'), 0) });
    }
  }
  return blocks;
}

function closes(line: string, marks: string): boolean {
  const rest = line.trim();
  return rest.length >= marks.length && rest === marks[0]!.repeat(rest.length);
}

function outdent(line: string, width: number): string {
  const spaces = line.length - line.trimStart().length;
  return line.slice(Math.min(spaces, width));
}

function beginsBlock(line: string, depth: number): boolean {
  return fence.test(line) || (depth < maxDepth && [quoted, bullet, numbered].some((pattern) => pattern.test(line)));
}

const emphases = [
  { mark: '***', kind: 'both' },
  { mark: '**', kind: 'strong' },
  { mark: '__', kind: 'strong' },
  { mark: '~~', kind: 'strike' },
  { mark: '*', kind: 'emphasis' },
  { mark: '_', kind: 'emphasis' },
] as const;

/** Within letters and digits of an alphabet, marks are part of the word, as in snake_case or 2*3. */
const wordPattern = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{N}]/u;
const linkPattern = /\[([^[\]\n]{1,300})\]\(([^\s()]{1,1000}(?:\([^\s()]{0,300}\)[^\s()]{0,300}){0,3})\)/y;

function isWord(character: string | undefined): boolean {
  return character !== undefined && wordPattern.test(character);
}

export function parseInline(text: string, depth: number): Inline[] {
  const found: Inline[] = [];
  const addresses = new Map(addressesIn(text).map(({ start, end }) => [start, end]));
  let plain = '';
  const add = (inline: Inline) => {
    if (plain !== '') found.push({ kind: 'text', text: plain });
    plain = '';
    found.push(inline);
  };
  for (let at = 0; at < text.length; ) {
    const addressEnd = addresses.get(at);
    if (addressEnd !== undefined) {
      // Marks in an address are part of it.
      plain += text.slice(at, addressEnd);
      at = addressEnd;
      continue;
    }
    const next = escapeAt(text, at) ?? codeAt(text, at) ?? linkAt(text, at) ?? emphasisAt(text, at, depth, addresses);
    if (!next) {
      plain += text[at];
      at += 1;
    } else {
      if (typeof next.inline === 'string') plain += next.inline;
      else add(next.inline);
      at = next.end;
    }
  }
  if (plain !== '') found.push({ kind: 'text', text: plain });
  return found;
}

interface Found<T> {
  inline: T;
  end: number;
}

function escapeAt(text: string, at: number): Found<string> | undefined {
  if (text[at] !== '\\' || !/[*_~`[\]\\>]/.test(text[at + 1] ?? '')) return undefined;
  return { inline: text[at + 1]!, end: at + 2 };
}

/** Code, or marks that begin none and are text all together. */
function codeAt(text: string, at: number): Found<Inline | string> | undefined {
  if (text[at] !== '`') return undefined;
  let width = 1;
  while (text[at + width] === '`') width += 1;
  const marks = '`'.repeat(width);
  for (let end = text.indexOf(marks, at + width); end >= 0; ) {
    let after = end + width;
    while (text[after] === '`') after += 1;
    if (after === end + width) {
      const code = text.slice(at + width, end);
      if (code.trim() === '') break;
      // Spaces that keep marks of the code apart from those around it.
      return { inline: { kind: 'code', text: /^ .*[^ ].* $/s.test(code) ? code.slice(1, -1) : code }, end: after };
    }
    end = text.indexOf(marks, after);
  }
  return { inline: marks, end: at + width };
}

function linkAt(text: string, at: number): Found<Inline> | undefined {
  if (text[at] !== '[') return undefined;
  linkPattern.lastIndex = at;
  const [whole, label, address] = linkPattern.exec(text) ?? [];
  if (whole === undefined || label === undefined || address === undefined) return undefined;
  const href = safeAddress(address);
  if (href === undefined || label.trim() === '' || isDisguise(label, href)) return undefined;
  return { inline: { kind: 'link', address: href, label }, end: at + whole.length };
}

/** The address when it leads to the web or to a mailbox; nothing for all others, such as scripts. */
export function safeAddress(address: string): string | undefined {
  if (!/^(?:https?:\/\/|mailto:)[^\s\p{C}]+$/iu.test(address)) return undefined;
  try {
    return new URL(address).href;
  } catch {
    return undefined;
  }
}

/** Marks that turn the order of characters. */
const direction = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/** Whether the label looks like an address itself, and is another one, or may look like one. */
function isDisguise(label: string, href: string): boolean {
  if (direction.test(label)) return true;
  const shown = label.trim().replace(/^https?:\/\//i, '');
  if (!/^[^\s/]+\.[^\s/.]{2,}(?:[/:?#]|$)/.test(shown) && !/:\/\//.test(label)) return false;
  return shown.replace(/\/$/, '') !== href.replace(/^(?:https?:\/\/|mailto:)/i, '').replace(/\/$/, '');
}

function emphasisAt(text: string, at: number, depth: number, addresses: ReadonlyMap<number, number>): Found<Inline> | undefined {
  if (depth >= maxDepth) return undefined;
  for (const { mark, kind } of emphases) {
    if (!text.startsWith(mark, at)) continue;
    const start = at + mark.length;
    const opens = start < text.length && !/\s/.test(text[start]!) && text[start] !== mark[0] && !isWord(text[at - 1]);
    if (!opens) continue;
    const end = closingOf(text, start, mark, addresses);
    if (end === undefined) continue;
    const content = parseInline(text.slice(start, end), depth + 1);
    const inline: Inline = kind === 'both' ? { kind: 'strong', content: [{ kind: 'emphasis', content }] } : { kind, content };
    return { inline, end: end + mark.length };
  }
  return undefined;
}

/** Where the mark closes what begins at `start`: behind no space, before no word, in no code and no address. */
function closingOf(text: string, start: number, mark: string, addresses: ReadonlyMap<number, number>): number | undefined {
  for (let at = start; at < text.length; ) {
    const passed = addresses.get(at) ?? escapeAt(text, at)?.end ?? codeAt(text, at)?.end;
    if (passed !== undefined) {
      at = passed;
      continue;
    }
    if (text[at] !== mark[0]) {
      at += 1;
      continue;
    }
    let width = 1;
    while (text[at + width] === mark[0]) width += 1;
    // Three marks close two kinds at once, the inner one first.
    const fits = width === mark.length || width === 3;
    const place = at + width - mark.length;
    if (fits && at > start && !/\s/.test(text[at - 1]!) && !isWord(text[at + width])) return place;
    at += width;
  }
  return undefined;
}

/** What is left of the text when it is read out, or shown in one line. */
export function withoutMarks(text: string): string {
  return blocksText(parseMarkdown(text));
}

function blocksText(blocks: readonly Block[]): string {
  return blocks
    .map((block) => {
      switch (block.kind) {
        case 'paragraph':
          return inlineText(block.content);
        case 'code':
          return block.text;
        case 'quote':
          return blocksText(block.content);
        case 'list':
          return block.items.map((item) => blocksText(item)).join('\n');
      }
    })
    .join('\n');
}

function inlineText(content: readonly Inline[]): string {
  return content
    .map((inline) => {
      if (inline.kind === 'link') return inline.label;
      return 'content' in inline ? inlineText(inline.content) : inline.text;
    })
    .join('');
}
