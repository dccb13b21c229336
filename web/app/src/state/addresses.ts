const link = /\b(?:https?:\/\/|www\.(?=[^\s.]+\.))(?:(?!\]\()[^\s<>"'，。；！？、（）】])+/gi;
const punctuation = /[.,;:!?\]*~`]$/;

/** Where web addresses stand in the text. */
export function addressesIn(text: string): { start: number; end: number }[] {
  return [...text.matchAll(link)].map(({ 0: found, index }) => ({ start: index, end: index + withoutEnd(found).length }));
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
