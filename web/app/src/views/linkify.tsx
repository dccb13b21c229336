import type { ReactNode } from 'react';

const link = /https?:\/\/[^\s<>"'，。；！？、）】]+/g;
const trailing = /[.,;:!?)\]]+$/;

/** The text with its web addresses as links; everything else stays text. */
export function linkify(text: string): ReactNode[] {
  const parts: ReactNode[] = [];
  let end = 0;
  for (const match of text.matchAll(link)) {
    const address = match[0].replace(trailing, '');
    if (match.index > end) parts.push(text.slice(end, match.index));
    parts.push(
      <a key={match.index} href={address} target="_blank" rel="noopener noreferrer">
        {address}
      </a>,
    );
    end = match.index + address.length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}
