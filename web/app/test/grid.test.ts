import { expect, test } from 'vitest';
import { fitGrid, tilesPerPage } from '../src/meeting/grid';

test.each([
  [1, 1280, 720, 1, 1],
  [2, 1280, 720, 2, 1],
  [2, 375, 600, 1, 2],
  [3, 1280, 720, 2, 2],
  [4, 1280, 720, 2, 2],
  [9, 1280, 720, 3, 3],
  [5, 1280, 720, 3, 2],
  [1, 375, 600, 1, 1],
])('%i tiles in %i × %i', (count, width, height, columns, rows) => {
  expect(fitGrid(count, width, height)).toMatchObject({ columns, rows });
});

test('tiles never overflow their frame', () => {
  for (let count = 1; count <= 25; count += 1) {
    const { columns, rows, tileWidth, tileHeight } = fitGrid(count, 1003, 611);
    expect(columns * rows).toBeGreaterThanOrEqual(count);
    expect(columns * tileWidth + (columns - 1) * 8).toBeLessThanOrEqual(1003);
    expect(rows * tileHeight + (rows - 1) * 8).toBeLessThanOrEqual(611);
  }
});

test('a frame without size is no error', () => {
  expect(fitGrid(3, 0, 0).tileWidth).toBe(0);
  expect(tilesPerPage(0, 0)).toBe(2);
});
