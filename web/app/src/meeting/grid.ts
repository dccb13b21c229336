export interface Grid {
  columns: number;
  rows: number;
  tileWidth: number;
  tileHeight: number;
}

const gap = 8;

const widest = 16 / 9;

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

/** How many tiles to put on a page of this size: as many as can still be told apart. */
export function tilesPerPage(width: number, height: number): number {
  const smallest = width < 600 ? 150 * 112 : 240 * 135;
  return Math.max(2, Math.min(25, Math.floor((width * height) / smallest)));
}
