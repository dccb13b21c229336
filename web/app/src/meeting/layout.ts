import { type Box, placeFloating, placeGrid, placeStrip, tilesPerPage } from './grid';
import { type Placeable, SpeakerOrder } from './order';
import type { ViewChoice } from './view';

export interface StageTile extends Placeable {
  isLocal: boolean;
  kind: 'camera' | 'screen';
}

export interface StageInput {
  /** Of everybody, also of this user, in the order in which they came. */
  tiles: readonly StageTile[];
  view: ViewChoice;
  /** What the user wants to see large. */
  pinned: string | undefined;
  /** Shared screens that the user put back into the grid. */
  dismissed: ReadonlySet<string>;
  page: number;
  width: number;
  height: number;
  /** No more at a time than these, when the device is to be spared. */
  limit?: number;
  now: number;
}

export interface StagePlan {
  places: ReadonlyMap<string, Box>;
  large?: string;
  /** One's own picture, when it lies over the others. */
  floating?: string;
  page: number;
  pages: number;
}

/** What the user sees large, if anything. */
export function chooseLarge(
  { tiles, view, pinned, dismissed }: Pick<StageInput, 'tiles' | 'view' | 'pinned' | 'dismissed'>,
  speaker: string | undefined,
): string | undefined {
  const has = (key: string | undefined) => key !== undefined && tiles.some((tile) => tile.key === key);
  if (has(pinned)) return pinned;
  if (view.layout === 'grid') return undefined;
  const screen = tiles.find(({ key, kind }) => kind === 'screen' && !dismissed.has(key));
  if (screen) return screen.key;
  if (view.layout !== 'speaker') return undefined;
  return has(speaker) ? speaker : tiles.find(({ isLocal }) => !isLocal)?.key;
}

/** Decides what is seen and where. Keeps the order of the tiles between one plan and the next. */
export class StagePlanner {
  private readonly order = new SpeakerOrder();

  /** The picture of who speaks, or spoke last. */
  get speaker(): string | undefined {
    return this.order.current;
  }

  plan(input: StageInput): StagePlan {
    const { tiles, view, width, height, page } = input;
    if (width <= 0 || height <= 0) return { places: new Map(), page: 0, pages: 1 };
    const own = tiles.find(({ isLocal, kind }) => isLocal && kind === 'camera');
    const others = tiles.filter((tile) => tile !== own);
    const isAlone = others.length === 0;
    this.order.hear(others, input.now);
    const large = chooseLarge(input, this.order.current);
    const isFloating = view.selfView === 'small' && !isAlone && large === undefined;
    const isOwnAmong = own !== undefined && own.key !== large && view.selfView !== 'hidden' && !isFloating;
    const limit = Math.min(view.maxTiles ?? Infinity, input.limit ?? Infinity);
    const strip = placeStrip(width, height, others.some(({ key }) => key !== large) || isOwnAmong);
    const places =
      large === undefined
        ? tilesPerPage(width, height, Number.isFinite(limit) ? limit : undefined)
        : Math.max(1, Math.min(strip.places, limit - 1));
    const forOthers = isOwnAmong && places > 1 ? places - 1 : places;
    const keys = this.order.update(others, forOthers, page === 0, large);
    // One's own picture is always on the first page, and last there: it is the least interesting.
    if (isOwnAmong && own) keys.splice(Math.min(forOthers, keys.length), 0, own.key);
    const pages = Math.max(1, Math.ceil(keys.length / places));
    const shownPage = Math.min(page, pages - 1);
    const shown = keys.slice(shownPage * places, (shownPage + 1) * places);
    const boxes = large === undefined ? placeGrid(shown.length, width, height) : strip.small(shown.length);
    const result = new Map(shown.map((key, index) => [key, boxes[index]!]));
    if (large !== undefined) result.set(large, strip.large);
    if (isFloating && own) result.set(own.key, placeFloating(width, height));
    return {
      places: result,
      page: shownPage,
      pages,
      ...(large !== undefined && { large }),
      ...(isFloating && own && { floating: own.key }),
    };
  }
}
