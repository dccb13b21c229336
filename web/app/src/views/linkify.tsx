import type { ReactNode } from 'react';
import { addressesIn } from '../state/addresses';

/** A way out of this page, which learns nothing of it. Links of rows that are passed by are not stopped at. */
export function outsideLink(key: number, address: string, label: string, tabIndex?: number): ReactNode {
  return (
    <a key={key} href={address} target="_blank" rel="noopener noreferrer" tabIndex={tabIndex} title={label === address ? undefined : address}>
      {label}
    </a>
  );
}

/** The text with its web addresses as links; everything else stays text. */
export function linkify(text: string, tabIndex?: number): ReactNode[] {
  const parts: ReactNode[] = [];
  let at = 0;
  for (const { start, end } of addressesIn(text)) {
    const address = text.slice(start, end);
    if (start > at) parts.push(text.slice(at, start));
    parts.push(outsideLink(start, /^www\./i.test(address) ? `https://${address}` : address, address, tabIndex));
    at = end;
  }
  if (at < text.length) parts.push(text.slice(at));
  return parts;
}
