import type { ReactNode } from 'react';

const link = /\b(?:https?:\/\/|www\.(?=[^\s.]+\.))[^\s<>"'，。；！？、（）】]+/gi;
const punctuation = /[.,;:!?\]]$/;

/** The text with its web addresses as links; everything else stays text. Links of rows that are passed by are not stopped at. */
export function linkify(text: string, tabIndex?: number): ReactNode[] {
  const parts: ReactNode[] = [];
  let end = 0;
  for (const match of text.matchAll(link)) {
    const address = withoutEnd(match[0]);
    if (match.index > end) parts.push(text.slice(end, match.index));
    const href = /^www\./i.test(address) ? `https://${address}` : address;
    parts.push(
      <a key={match.index} href={href} target="_blank" rel="noopener noreferrer" tabIndex={tabIndex}>
        {address}
      </a>,
    );
    end = match.index + address.length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}

/** Without the marks that belong to the sentence around it: a bracket only when it was opened outside of the address. */
function withoutEnd(address: string): string {
  let rest = address;
  for (;;) {
    const closesMore = rest.endsWith(')') && rest.split(')').length > rest.split('(').length;
    if (!closesMore && !punctuation.test(rest)) return rest;
    rest = rest.slice(0, -1);
  }
}
