/** Somebody's picture, as far as its place among the others goes. */
export interface Placeable {
  key: string;
  isSpeaking: boolean;
  /** It keeps its place: a shared screen. */
  isFixed: boolean;
}

/**
 * The order of the pictures. It changes as little as it can: who comes is put at the end, and somebody who speaks without
 * being on the first page changes places with whoever there has been quiet for longest. Everybody else stays.
 */
export class SpeakerOrder {
  private keys: string[] = [];
  private readonly spokeAt = new Map<string, number>();
  private speaker: string | undefined;

  /** Who speaks, or spoke last. */
  get current(): string | undefined {
    return this.speaker;
  }

  /**
   * Takes note of who speaks. Before `update`: who is shown large depends on it, and has no place among the others.
   * @param now ms
   */
  hear(tiles: readonly Placeable[], now: number): void {
    const byKey = new Map(tiles.map((tile) => [tile.key, tile]));
    for (const key of [...this.spokeAt.keys()]) if (!byKey.has(key)) this.spokeAt.delete(key);
    const speaking = speakingOf(tiles);
    for (const key of speaking) this.spokeAt.set(key, now);
    const isStill = this.speaker !== undefined && byKey.get(this.speaker)?.isSpeaking === true;
    if (!isStill && speaking.length > 0) this.speaker = speaking[0];
    else if (this.speaker !== undefined && !byKey.has(this.speaker)) this.speaker = undefined;
  }

  /**
   * @param places how many are on the first page
   * @param isFirstPage whether it is the one that is seen; who looks at another page wants it to stay as it is
   * @param elsewhere what is shown in a place of its own, and takes none of these
   */
  update(tiles: readonly Placeable[], places: number, isFirstPage: boolean, elsewhere?: string): string[] {
    const byKey = new Map(tiles.map((tile) => [tile.key, tile]));
    const known = this.keys.filter((key) => byKey.has(key));
    const isKnown = new Set(known);
    const added = tiles.filter(({ key }) => !isKnown.has(key)).map(({ key }) => key);
    const isFixed = (key: string) => byKey.get(key)?.isFixed === true;
    const all = [...known, ...added];
    this.keys = [...all.filter(isFixed), ...all.filter((key) => !isFixed(key))];
    if (isFirstPage) this.bringToSight(speakingOf(tiles), isFixed, places, elsewhere);
    return this.keys.filter((key) => key !== elsewhere);
  }

  private bringToSight(speaking: readonly string[], isFixed: (key: string) => boolean, places: number, elsewhere?: string): void {
    for (const key of speaking) {
      const seen = this.keys.filter((other) => other !== elsewhere).slice(0, places);
      if (key === elsewhere || seen.includes(key)) continue;
      const quiet = seen.filter((other) => !isFixed(other) && !speaking.includes(other));
      // Of those who have been quiet equally long, who is nearest to the end.
      const longest = quiet.reduce<string | undefined>((best, other) => {
        if (best === undefined) return other;
        return (this.spokeAt.get(other) ?? 0) <= (this.spokeAt.get(best) ?? 0) ? other : best;
      }, undefined);
      if (longest === undefined) return;
      const from = this.keys.indexOf(key);
      this.keys[this.keys.indexOf(longest)] = key;
      this.keys[from] = longest;
    }
  }
}

function speakingOf(tiles: readonly Placeable[]): string[] {
  return tiles.filter((tile) => tile.isSpeaking && !tile.isFixed).map(({ key }) => key);
}
