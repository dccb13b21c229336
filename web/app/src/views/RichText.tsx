import { Fragment, type ReactNode, useMemo, useState } from 'react';
import { IconButton } from '../components/Button';
import { useTexts } from '../i18n';
import { type Block, type Inline, parseMarkdown } from '../state/markdown';
import { pieces, plainText } from '../state/mentions';
import { linkify, outsideLink } from './linkify';

interface RichTextProps {
  text: string;
  nameOf: (id: bigint) => string;
  me: bigint;
  tabIndex: number;
}

/** The text of a message: as it is marked, names in the places of ids, addresses as links. Only elements made here come of it. */
export function RichText({ text, ...how }: RichTextProps) {
  const blocks = useMemo(() => parseMarkdown(text), [text]);
  const [first] = blocks;
  // What follows a message of one paragraph stands in its line.
  if (blocks.length === 1 && first?.kind === 'paragraph') return <Inlines content={first.content} {...how} />;
  return <Blocks blocks={blocks} {...how} />;
}

type How = Omit<RichTextProps, 'text'>;

function Blocks({ blocks, ...how }: { blocks: readonly Block[] } & How): ReactNode {
  return blocks.map((block, index) => <OneBlock key={index} block={block} {...how} />);
}

function OneBlock({ block, ...how }: { block: Block } & How): ReactNode {
  switch (block.kind) {
    case 'paragraph':
      return (
        <p dir="auto">
          <Inlines content={block.content} {...how} />
        </p>
      );
    case 'code':
      return <CodeBlock text={plainText(block.text, how.nameOf)} language={block.language} tabIndex={how.tabIndex} />;
    case 'quote':
      return (
        <blockquote>
          <Blocks blocks={block.content} {...how} />
        </blockquote>
      );
    case 'list': {
      const items = block.items.map((item, index) => (
        <li key={index} dir="auto">
          <RichItem blocks={item} {...how} />
        </li>
      ));
      return block.start === undefined ? <ul>{items}</ul> : <ol start={block.start}>{items}</ol>;
    }
  }
}

/** Without a paragraph around the first line of an item. */
function RichItem({ blocks: [first, ...rest], ...how }: { blocks: readonly Block[] } & How): ReactNode {
  return (
    <>
      {first?.kind === 'paragraph' ? <Inlines content={first.content} {...how} /> : first && <OneBlock block={first} {...how} />}
      <Blocks blocks={rest} {...how} />
    </>
  );
}

function Inlines({ content, ...how }: { content: readonly Inline[] } & How): ReactNode {
  return content.map((inline, index) => {
    switch (inline.kind) {
      case 'text':
        return <Words key={index} text={inline.text} {...how} />;
      case 'code':
        return <code key={index}>{plainText(inline.text, how.nameOf)}</code>;
      case 'link':
        return outsideLink(index, inline.address, inline.label, how.tabIndex);
      default: {
        const Element = ({ strong: 'strong', emphasis: 'em', strike: 'del' } as const)[inline.kind];
        return (
          <Element key={index}>
            <Inlines content={inline.content} {...how} />
          </Element>
        );
      }
    }
  });
}

function Words({ text, nameOf, me, tabIndex }: RichTextProps): ReactNode {
  return pieces(text).map((piece, index) =>
    piece.kind === 'mention' ? (
      <bdi key={index} className={`mention ${piece.id === me ? 'is-me' : ''}`}>
        @{nameOf(piece.id)}
      </bdi>
    ) : (
      <Fragment key={index}>{linkify(piece.text, tabIndex)}</Fragment>
    ),
  );
}

function CodeBlock({ text, language, tabIndex }: { text: string; language: string; tabIndex: number }) {
  const { conversation: texts } = useTexts();
  const [isCopied, setIsCopied] = useState(false);
  const copy = () =>
    void navigator.clipboard.writeText(text).then(
      () => setIsCopied(true),
      () => setIsCopied(false),
    );
  return (
    <div className="code-block" dir="ltr">
      <div className="code-block-head">
        <span>{language}</span>
        <span role="status">{isCopied && texts.copied}</span>
        <IconButton icon={isCopied ? 'check' : 'copy'} size={16} label={texts.copyCode} tabIndex={tabIndex} onClick={copy} />
      </div>
      {/* Long lines are scrolled by keyboard, too. */}
      <pre tabIndex={tabIndex} role="group" aria-label={texts.code}>
        <code>{text}</code>
      </pre>
    </div>
  );
}
