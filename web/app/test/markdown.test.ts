import { isValidElement, type ReactNode } from 'react';
import { expect, test } from 'vitest';
import { type Block, type Inline, parseMarkdown, safeAddress, withoutMarks } from '../src/state/markdown';
import { linkify } from '../src/views/linkify';

/** The tree in one line: what it is, and in brackets what is in it. */
function inline(content: readonly Inline[]): string {
  return content
    .map((each) => {
      if (each.kind === 'text') return each.text;
      if (each.kind === 'code') return `code(${each.text})`;
      if (each.kind === 'link') return `link(${each.label} ${each.address})`;
      return `${each.kind}(${inline(each.content)})`;
    })
    .join('');
}

function show(blocks: readonly Block[]): string {
  return blocks
    .map((block) => {
      if (block.kind === 'paragraph') return inline(block.content);
      if (block.kind === 'code') return `pre ${block.language}(${block.text})`;
      if (block.kind === 'quote') return `quote(${show(block.content)})`;
      return `list ${block.start ?? ''}(${block.items.map((item) => show(item)).join(', ')})`;
    })
    .join(' | ');
}

test.each([
  ['plain', 'plain'],
  ['**a** and __b__', 'strong(a) and strong(b)'],
  ['*a* and _b_', 'emphasis(a) and emphasis(b)'],
  ['~~a~~', 'strike(a)'],
  ['***a***', 'strong(emphasis(a))'],
  ['**a *b* c**', 'strong(a emphasis(b) c)'],
  ['这是**重点**内容', '这是strong(重点)内容'],
  ['snake_case_name and 2*3*4 and __init__.py', 'snake_case_name and 2*3*4 and strong(init).py'],
  ['no* * not* ** here ** and *open', 'no* * not* ** here ** and *open'],
  ['a `b*c*` d', 'a code(b*c*) d'],
  ['``a`b`` ` ` ```', 'code(a`b) ` ` ```'],
  ['**a `**` b**', 'strong(a code(**) b)'],
  ['\\*a\\* \\_b', '*a* _b'],
  ['¯\\_(ツ)_/¯', '¯_(ツ)_/¯'],
  ['https://example.com/a_b_c*d*', 'https://example.com/a_b_c*d*'],
  ['**https://example.com/x**', 'strong(https://example.com/x)'],
  ['[a](https://example.com/b_(c)) d', 'link(a https://example.com/b_(c)) d'],
  ['[post](mailto:a@example.com)', 'link(post mailto:a@example.com)'],
  ['hello @{1} **@{2}**', 'hello @{1} strong(@{2})'],
])('%s', (text, tree) => {
  expect(show(parseMarkdown(text))).toBe(tree);
});

test.each([
  ['- a\n- b', 'list (a, b)'],
  ['3. a\n4. b\nc', 'list 3(a, b) | c'],
  ['- a\n  - b\n  - c\n- d', 'list (a | list (b, c), d)'],
  ['-5 degrees\n-a', '-5 degrees\n-a'],
  ['> a\n> b\nc', 'quote(a\nb) | c'],
  ['> > a', 'quote(quote(a))'],
  ['a\n\nb\nc', 'a | b\nc'],
  ['```js\nlet a = `1`;\n\n- b\n```\nc', 'pre js(let a = `1`;\n\n- b) | c'],
  ['````\n```\n````', 'pre (```)'],
  ['~~~\nopen', 'pre (open)'],
  ['# no heading', '# no heading'],
  ['<b>no</b> &amp;', '<b>no</b> &amp;'],
])('%j', (text, tree) => {
  expect(show(parseMarkdown(text))).toBe(tree);
});

test.each([
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'data:text/html,<script>',
  'vbscript:x',
  'file:///etc/passwd',
  '//example.com',
  '/admin',
  'blob:https://example.com/1',
  'https:/\u202eexample.com',
  'http://',
  'java\tscript:alert(1)',
])('no link leads to %j', (address) => {
  expect(safeAddress(address)).toBeUndefined();
  expect(show(parseMarkdown(`[a](${address})`))).not.toContain('link(');
});

test.each([
  '[https://bank.example](https://evil.example)',
  '[bank.example/login](https://evil.example/login)',
  '[ ](https://evil.example)',
  '[\u202eelpmaxe.knab](https://evil.example)',
])('%s is no link under the name of another', (text) => {
  expect(show(parseMarkdown(text))).not.toContain('link(');
});

test('the address of a disguised link ends where its label does', () => {
  const links = linkify('[https://bank.example](https://evil.example)').filter((part: ReactNode) => isValidElement(part));
  expect(links).toMatchObject([{ props: { href: 'https://bank.example' } }, { props: { href: 'https://evil.example' } }]);
});

test('a label that is the address itself is one', () => {
  expect(show(parseMarkdown('[example.com](https://example.com/)'))).toBe('link(example.com https://example.com/)');
});

test('whatever is written, nothing is lost but marks, and it takes no long time', () => {
  const parts = ['**', '*', '_', '~~', '`', '```', '\n', '> ', '- ', '1. ', '[', '](', 'https://a.b', ')', 'a', ' ', '\\', '<img src=x onerror=alert(1)>'];
  let seed = 7;
  const next = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  const letters = (text: string) => text.replace(/[^a-z]/gi, '').length;
  for (let round = 0; round < 3000; round += 1) {
    const text = Array.from({ length: next(40) }, () => parts[next(parts.length)]).join('');
    expect(letters(withoutMarks(text)), text).toBeLessThanOrEqual(letters(text));
  }
  for (const part of parts) expect(withoutMarks(part.repeat(20_000 / part.length)).length).toBeLessThanOrEqual(20_000);
});

test('links tell the other page nothing of this one', () => {
  const links = linkify('www.example.com').filter((part: ReactNode) => isValidElement(part));
  expect(links[0]).toMatchObject({ props: { href: 'https://www.example.com', rel: 'noopener noreferrer', target: '_blank' } });
});
