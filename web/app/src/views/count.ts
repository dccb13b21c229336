const maxShown = 99;

/** A number in a badge: of many it is enough that they are. */
export function countText(count: number): string {
  return count > maxShown ? `${maxShown}+` : `${count}`;
}
