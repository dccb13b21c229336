export interface Grid {
  columns: number;
  rows: number;
  tileWidth: number;
  tileHeight: number;
}

/** A place on the stage, in CSS pixels from its upper left corner. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export const gap = 8;

const widest = 16 / 9;
/** More pictures than these are on no page, whatever its size. */
export const mostTiles = 49;
/** As many as one looks at when one has not chosen a number. */
const usualTiles = 25;

/**
 * The arrangement of `count` tiles in which each is as large as it can be. A tile is as wide as a camera's picture, or
 * narrower down to the given ratio where that fills the frame better.
 */
export function fitGrid(count: number, width: number, height: number, narrowest = 4 / 3): Grid {
  let best: Grid = { columns: 1, rows: Math.max(count, 1), tileWidth: 0, tileHeight: 0 };
  for (let columns = 1; columns <= Math.max(count, 1); columns += 1) {
    const rows = Math.ceil(Math.max(count, 1) / columns);
    const cellWidth = (width - gap * (columns - 1)) / columns;
    const cellHeight = (height - gap * (rows - 1)) / rows;
    if (cellWidth <= 0 || cellHeight <= 0) continue;
    const aspect = Math.min(widest, Math.max(narrowest, cellWidth / cellHeight));
    const tileWidth = Math.floor(Math.min(cellWidth, cellHeight * aspect));
    const tileHeight = Math.floor(tileWidth / aspect);
    if (tileWidth * tileHeight > best.tileWidth * best.tileHeight) best = { columns, rows, tileWidth, tileHeight };
  }
  return best;
}

/** The places of `count` tiles in a grid, row by row; the last row is in the middle. */
export function placeGrid(count: number, width: number, height: number): Box[] {
  // A screen held upright has room for pictures that are higher than wide.
  const { columns, rows, tileWidth, tileHeight } = fitGrid(count, width, height, height > width ? 3 / 4 : 4 / 3);
  const top = (height - rows * tileHeight - (rows - 1) * gap) / 2;
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = Math.min(columns, count - row * columns);
    const left = (width - inRow * tileWidth - (inRow - 1) * gap) / 2;
    return {
      x: Math.round(left + (index % columns) * (tileWidth + gap)),
      y: Math.round(top + row * (tileHeight + gap)),
      width: tileWidth,
      height: tileHeight,
    };
  });
}

/**
 * How many tiles to put on a page of this size: as many as can still be told apart, and no more than `limit`. Whoever
 * chose a number wants smaller ones, too.
 */
export function tilesPerPage(width: number, height: number, limit?: number): number {
  const smallest = limit !== undefined ? 112 * 63 : width < 600 ? 150 * 112 : 240 * 135;
  const least = Math.min(2, limit ?? 2);
  return Math.max(least, Math.min(limit ?? usualTiles, mostTiles, Math.floor((width * height) / smallest)));
}

export interface Strip {
  large: Box;
  /** How many small ones fit beside the large one. */
  places: number;
  /** The places of so many small ones. */
  small: (count: number) => Box[];
}

/** One large picture, and small ones beside it; below it where the stage is higher than wide. */
export function placeStrip(width: number, height: number, hasSmall = true): Strip {
  if (!hasSmall) return { large: { x: 0, y: 0, width, height }, places: 0, small: () => [] };
  const isUpright = height > width;
  const smallWidth = isUpright ? Math.min(196, Math.max(120, Math.floor(width / 3))) : width < 800 ? 132 : 220;
  const smallHeight = Math.round((smallWidth * 9) / 16);
  const length = isUpright ? width : height;
  const side = isUpright ? smallWidth : smallHeight;
  const places = Math.max(1, Math.floor((length + gap) / (side + gap)));
  const large = isUpright
    ? { x: 0, y: 0, width, height: Math.max(0, height - smallHeight - gap) }
    : { x: 0, y: 0, width: Math.max(0, width - smallWidth - gap), height };
  const small = (count: number) => {
    const start = (length - count * side - (count - 1) * gap) / 2;
    return Array.from({ length: count }, (_, index) => {
      const along = Math.round(start + index * (side + gap));
      return isUpright
        ? { x: along, y: height - smallHeight, width: smallWidth, height: smallHeight }
        : { x: width - smallWidth, y: along, width: smallWidth, height: smallHeight };
    });
  };
  return { large, places, small };
}

/** Where one's own picture floats when it is to be small. */
export function placeFloating(width: number, height: number): Box {
  const own = Math.round(Math.min(220, Math.max(96, width * 0.2)));
  const ownHeight = Math.round((own * 9) / 16);
  return { x: width - own - gap, y: height - ownHeight - gap, width: own, height: ownHeight };
}
