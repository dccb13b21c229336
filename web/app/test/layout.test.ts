import { expect, test } from 'vitest';
import { type StageInput, StagePlanner, type StageTile } from '../src/meeting/layout';
import { SpeakerOrder } from '../src/meeting/order';
import { readViewChoice } from '../src/meeting/view';

const camera = (name: string, isSpeaking = false): StageTile => ({
  key: name,
  kind: 'camera',
  isSpeaking,
  isFixed: false,
  isLocal: name === 'me',
});
const screen = (name: string): StageTile => ({ key: `${name}/screen`, kind: 'screen', isSpeaking: false, isFixed: true, isLocal: false });
const people = (count: number) => Array.from({ length: count }, (_, index) => camera(`p${index}`));

function input(tiles: StageTile[], change: Partial<StageInput> = {}): StageInput {
  return {
    tiles,
    view: readViewChoice(null),
    pinned: undefined,
    dismissed: new Set(),
    page: 0,
    width: 1200,
    height: 700,
    now: 0,
    ...change,
  };
}

const view = (change: Partial<ReturnType<typeof readViewChoice>>) => ({ ...readViewChoice(null), ...change });

function arrange(order: SpeakerOrder, tiles: StageTile[], places: number, isFirstPage: boolean, now: number): string[] {
  order.hear(tiles, now);
  return order.update(tiles, places, isFirstPage);
}

test('who speaks on page 2 comes to sight, in the place of who has been quiet for longest', () => {
  const order = new SpeakerOrder();
  const at = (now: number, ...speaking: string[]) =>
    arrange(order, people(8).map((tile) => ({ ...tile, isSpeaking: speaking.includes(tile.key) })), 4, true, now);
  expect(at(0)).toEqual(['p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7']);
  at(1, 'p3');
  at(2, 'p1');
  // p0 and p2 never spoke; p2 is nearer to the end.
  expect(at(3, 'p6')).toEqual(['p0', 'p1', 'p6', 'p3', 'p4', 'p5', 'p2', 'p7']);
  expect(at(4, 'p7')).toEqual(['p7', 'p1', 'p6', 'p3', 'p4', 'p5', 'p2', 'p0']);
  // Everybody spoke; p3 the longest ago.
  expect(at(5, 'p5')).toEqual(['p7', 'p1', 'p6', 'p5', 'p4', 'p3', 'p2', 'p0']);
});

test('nobody is moved while one looks at another page, or when all in sight speak', () => {
  const order = new SpeakerOrder();
  const tiles = people(4).map((tile) => ({ ...tile, isSpeaking: true }));
  expect(arrange(order, tiles, 2, true, 0)).toEqual(['p0', 'p1', 'p2', 'p3']);
  const quiet = people(4).map((tile) => ({ ...tile, isSpeaking: tile.key === 'p3' }));
  expect(arrange(order, quiet, 2, false, 1)).toEqual(['p0', 'p1', 'p2', 'p3']);
});

test('who leaves makes room, and who comes is at the end', () => {
  const order = new SpeakerOrder();
  arrange(order, [camera('a'), camera('b'), camera('c')], 9, true, 0);
  expect(arrange(order, [camera('d'), camera('a'), camera('c')], 9, true, 1)).toEqual(['a', 'c', 'd']);
});

test('the speaker stays the speaker until somebody else speaks', () => {
  const order = new SpeakerOrder();
  order.hear([camera('a', true), camera('b')], 0);
  order.hear([camera('a'), camera('b')], 1);
  expect(order.current).toBe('a');
  order.hear([camera('a', true), camera('b', true)], 2);
  expect(order.current).toBe('a');
  order.hear([camera('a'), camera('b', true)], 3);
  expect(order.current).toBe('b');
  order.hear([camera('a')], 4);
  expect(order.current).toBeUndefined();
});

test.each([1, 2, 3, 5, 9, 16, 25, 26, 49, 60])('%i people: all are on some page, none twice, nothing overlaps or lies outside', (count) => {
  for (const [width, height] of [
    [1200, 700],
    [1920, 1000],
    [375, 560],
    [660, 250],
  ] as const) {
    const seen: string[] = [];
    const planner = new StagePlanner();
    const tiles = [camera('me'), ...people(count - 1)];
    const { pages } = planner.plan(input(tiles, { width, height }));
    for (let page = 0; page < pages; page += 1) {
      const plan = planner.plan(input(tiles, { width, height, page }));
      seen.push(...plan.places.keys());
      const boxes = [...plan.places.values()];
      expect(boxes.length).toBeLessThanOrEqual(49);
      for (const [index, a] of boxes.entries()) {
        expect(a.x >= 0 && a.y >= 0 && a.x + a.width <= width && a.y + a.height <= height).toBe(true);
        for (const b of boxes.slice(index + 1)) {
          const isApart = a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y;
          expect(isApart).toBe(true);
        }
      }
    }
    expect(seen.sort()).toEqual(tiles.map(({ key }) => key).sort());
  }
});

test('one page holds 49 where there is room and it is wanted', () => {
  const planner = new StagePlanner();
  const tiles = [camera('me'), ...people(60)];
  const plan = planner.plan(input(tiles, { width: 1600, height: 900, view: view({ maxTiles: 49 }) }));
  expect(plan.places.size).toBe(49);
  expect(plan.places.has('me')).toBe(true);
  expect(planner.plan(input(tiles, { view: view({ maxTiles: 4 }) })).places.size).toBe(4);
  expect(planner.plan(input(tiles, { limit: 1 })).places.size).toBe(1);
});

test('a shared screen is large beside the people, until it is put back into the grid', () => {
  const planner = new StagePlanner();
  const tiles = [camera('me'), camera('a'), screen('a')];
  const plan = planner.plan(input(tiles));
  expect(plan.large).toBe('a/screen');
  expect([...plan.places.keys()].sort()).toEqual(['a', 'a/screen', 'me']);
  const back = planner.plan(input(tiles, { dismissed: new Set(['a/screen']) }));
  expect(back.large).toBeUndefined();
  expect(back.places.size).toBe(3);
  expect(planner.plan(input(tiles, { view: view({ layout: 'grid' }) })).large).toBeUndefined();
});

test('what is pinned is large whatever the layout, and while it is there', () => {
  const planner = new StagePlanner();
  const tiles = [camera('me'), camera('a'), screen('a')];
  expect(planner.plan(input(tiles, { pinned: 'a', view: view({ layout: 'grid' }) })).large).toBe('a');
  expect(planner.plan(input(tiles, { pinned: 'gone' })).large).toBe('a/screen');
});

test('in the speaker layout who speaks is large, and never oneself', () => {
  const planner = new StagePlanner();
  const speaker = view({ layout: 'speaker' });
  expect(planner.plan(input([camera('me'), camera('a'), camera('b')], { view: speaker })).large).toBe('a');
  expect(planner.plan(input([camera('me', true), camera('a'), camera('b', true)], { view: speaker })).large).toBe('b');
  expect(planner.plan(input([camera('me', true), camera('a'), camera('b')], { view: speaker })).large).toBe('b');
});

test("one's own picture is among the others, floats, or is not there", () => {
  const planner = new StagePlanner();
  const tiles = [camera('me'), camera('a'), camera('b')];
  expect([...planner.plan(input(tiles)).places.keys()]).toEqual(['a', 'b', 'me']);
  const small = planner.plan(input(tiles, { view: view({ selfView: 'small' }) }));
  expect(small.floating).toBe('me');
  expect(small.places.get('me')!.width).toBeLessThan(small.places.get('a')!.width);
  expect(planner.plan(input(tiles, { view: view({ selfView: 'hidden' }) })).places.has('me')).toBe(false);
  // Alone, one sees oneself.
  expect(planner.plan(input([camera('me')], { view: view({ selfView: 'small' }) })).floating).toBeUndefined();
});

test('a page that is no longer there is the last one', () => {
  const planner = new StagePlanner();
  const four = view({ maxTiles: 4 });
  expect(planner.plan(input(people(9), { page: 2, view: four })).page).toBe(2);
  expect(planner.plan(input(people(5), { page: 2, view: four })).page).toBe(1);
});

test.each([
  [null, { layout: 'auto', selfView: 'tile', isMirrored: true, maxTiles: undefined }],
  ['{"layout":"speaker","selfView":"hidden","isMirrored":false,"maxTiles":9}', { layout: 'speaker', selfView: 'hidden', isMirrored: false, maxTiles: 9 }],
  ['{"layout":"round","maxTiles":1000}', { layout: 'auto', selfView: 'tile', isMirrored: true, maxTiles: undefined }],
  ['null', { layout: 'auto', selfView: 'tile', isMirrored: true, maxTiles: undefined }],
  ['{', { layout: 'auto', selfView: 'tile', isMirrored: true, maxTiles: undefined }],
])('what is kept of the view: %s', (text, expected) => {
  expect(readViewChoice(text)).toEqual(expected);
});
