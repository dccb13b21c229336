/** A hand raised or lowered, as it goes through the room as data. It is kept nowhere. */
export interface Hand {
  raised: boolean;
  /** When, by the clock of who raised it; ms. */
  at: number;
}

export const handTopic = 'turms.hand';
const mostBytes = 100;

export function writeHand(hand: Hand): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(hand));
}

/** Nothing for what another program sent under the topic. */
export function readHand(payload: Uint8Array): Hand | undefined {
  if (payload.byteLength > mostBytes) return undefined;
  try {
    const { raised, at } = JSON.parse(new TextDecoder().decode(payload)) as Record<string, unknown>;
    return typeof raised === 'boolean' && typeof at === 'number' ? { raised, at } : undefined;
  } catch {
    return undefined;
  }
}

/** Who raised a hand, first who did it first; then the others as they were. */
export function byHand<T extends { handRaisedAt?: number }>(people: readonly T[]): T[] {
  const at = ({ handRaisedAt }: T) => handRaisedAt ?? Infinity;
  return [...people].sort((a, b) => (at(a) === at(b) ? 0 : at(a) - at(b)));
}
