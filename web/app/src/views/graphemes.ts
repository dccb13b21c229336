const segmenter = typeof Intl.Segmenter === 'function' ? new Intl.Segmenter(undefined, { granularity: 'grapheme' }) : undefined;

/** The text as far as it fits into so many UTF-16 code units, cut where a reader sees a character end. */
export function cutTo(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  let end = 0;
  const characters = segmenter ? [...segmenter.segment(text)].map(({ segment }) => segment) : [...text];
  for (const character of characters) {
    if (end + character.length > maxLength) break;
    end += character.length;
  }
  return text.slice(0, end);
}
