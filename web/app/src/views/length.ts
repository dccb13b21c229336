/** The server stores no longer text. */
export const maxTextLength = 500;
/** Only near the end is it of interest how much room is left. */
const tellRemainingBelow = 60;

/** How many characters are left, negative when there are too many; nothing while there is plenty of room. */
export function remainingLength(text: string): number | undefined {
  const remaining = maxTextLength - text.trim().length;
  return remaining < tellRemainingBelow ? remaining : undefined;
}
