import { Fragment } from 'react';
import { pieces } from '../state/mentions';
import { linkify } from './linkify';

interface RichTextProps {
  text: string;
  nameOf: (id: bigint) => string;
  me: bigint;
  tabIndex: number;
}

/** The text of a message: names in the places of ids, addresses as links. */
export function RichText({ text, nameOf, me, tabIndex }: RichTextProps) {
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
