import { expect, test } from 'vitest';
import { chooseLoad, FrameBudget, isReduced } from '../src/media/background/budget';
import { coverPart } from '../src/media/background/compositor';
import { backgroundOf, readEffectChoice } from '../src/media/choice';
import { toMediaFailure } from '../src/media/devices';
import { placeOf } from '../src/media/spatial';
import { MediaFailure } from '../src/state/failures';

test.each([
  // A fast device looks for the person in each frame.
  [{ maskMs: 6, composeMs: 2 }, 30, { maskEvery: 1, fps: 30 }],
  [{ maskMs: 30, composeMs: 4 }, 30, { maskEvery: 2, fps: 30 }],
  [{ maskMs: 45, composeMs: 4 }, 30, { maskEvery: 3, fps: 30 }],
  // Before fewer are shown, a person is looked for in fewer of them.
  [{ maskMs: 60, composeMs: 5 }, 30, { maskEvery: 4, fps: 30 }],
  [{ maskMs: 60, composeMs: 9 }, 30, { maskEvery: 2, fps: 15 }],
  [{ maskMs: 120, composeMs: 30 }, 30, { maskEvery: 4, fps: 15 }],
  // A camera that gives 15 is not asked for more.
  [{ maskMs: 60, composeMs: 20 }, 15, { maskEvery: 3, fps: 15 }],
  // Not even 15 a second.
  [{ maskMs: 200, composeMs: 30 }, 30, undefined],
])('what is done at %j and %i frames a second', (costs, fps, load) => {
  expect(chooseLoad(costs, fps)).toEqual(load);
});

/** Runs a device for so long; returns the frames made in the last second. */
function run(budget: FrameBudget, fps: number, seconds: number, costs: (decision: 'mask' | 'reuse') => [number, number | undefined], from = 0): number {
  let made = 0;
  for (let i = 0; i < fps * seconds; i += 1) {
    const now = from + (1000 * i) / fps;
    const decision = budget.decide(now);
    if (decision === 'skip') continue;
    if (i >= fps * (seconds - 1)) made += 1;
    const [composeMs, maskMs] = costs(decision);
    budget.spent(composeMs, maskMs, now);
  }
  return made;
}

const device = (maskMs: number, composeMs: number) => (decision: 'mask' | 'reuse'): [number, number | undefined] =>
  decision === 'mask' ? [composeMs, maskMs] : [composeMs, undefined];

test('a slow device makes 15 frames a second, no fewer, and says that it does less', () => {
  const budget = new FrameBudget(30);
  expect(run(budget, 30, 10, device(90, 20))).toBeGreaterThanOrEqual(15);
  expect(budget.current.fps).toBe(15);
  expect(isReduced(budget.current, 30)).toBe(true);
  expect(budget.isTooSlow(10_000)).toBe(false);
});

test('a device that is free again does all of it, though not at once', () => {
  const budget = new FrameBudget(30);
  run(budget, 30, 5, device(60, 9));
  expect(budget.current.fps).toBe(15);
  run(budget, 30, 3, device(5, 2), 5000);
  expect(budget.current.fps).toBe(15);
  expect(run(budget, 30, 10, device(5, 2), 8000)).toBe(30);
  expect(isReduced(budget.current, 30)).toBe(false);
});

test('a device that cannot make 15 is given up only when that lasts', () => {
  const budget = new FrameBudget(30);
  run(budget, 30, 4, device(400, 80));
  expect(budget.isTooSlow(4000)).toBe(false);
  run(budget, 30, 4, device(400, 80), 4000);
  expect(budget.isTooSlow(8000)).toBe(true);
});

test('a picture behind fills the frame and keeps its shape', () => {
  expect(coverPart(1280, 720, 640, 360)).toEqual({ x: 0, y: 0, width: 1280, height: 720 });
  expect(coverPart(1280, 720, 720, 1280)).toEqual({ x: 437.5, y: 0, width: 405, height: 720 });
});

test('a voice comes from where the picture is', () => {
  const box = (x: number, y: number) => ({ x, y, width: 100, height: 100 });
  const [left, middle, right] = [box(0, 250), box(450, 250), box(900, 250)].map((each) => placeOf(each, 1000, 600));
  expect(left!.x).toBeLessThan(-0.5);
  expect(middle!.x).toBeCloseTo(0);
  expect(right!.x).toBeCloseTo(-left!.x);
  for (const { x, y, z } of [left!, middle!, right!, placeOf(box(0, 0), 1000, 600)]) {
    expect(Math.hypot(x, y, z)).toBeCloseTo(1);
    expect(z).toBeLessThan(0);
  }
  expect(placeOf(box(450, 0), 1000, 600).y).toBeGreaterThan(0);
  expect(placeOf(box(0, 0), 0, 0)).toEqual({ x: 0, y: 0, z: -1 });
});

const rest = { saving: 'auto', facing: 'user', screen: 'text' };

test.each([
  [null, { background: 'none', ownPicture: undefined, sound: 'voice', isSpatial: false, ...rest }],
  ['{"background":"blur","sound":"clear","isSpatial":true}', { background: 'blur', ownPicture: undefined, sound: 'clear', isSpatial: true, ...rest }],
  // Only a picture's own data: an address elsewhere would be asked for.
  ['{"background":"own","ownPicture":"https://example.com/a.jpg"}', { background: 'none', ownPicture: undefined, sound: 'voice', isSpatial: false, ...rest }],
  ['[]', { background: 'none', ownPicture: undefined, sound: 'voice', isSpatial: false, ...rest }],
])('what is kept of the effects: %s', (text, expected) => {
  expect(readEffectChoice(text)).toEqual(expected);
});

test('the same choice is the same background, so that it does not begin anew', () => {
  const pictures = { hills: '/hills.svg', study: '/study.svg' };
  const choose = (background: 'none' | 'blur' | 'hills') => backgroundOf({ ...readEffectChoice(null), background }, pictures);
  expect(choose('none')).toBeUndefined();
  expect(choose('hills')).toBe(choose('hills'));
  expect(choose('hills')).not.toBe(choose('blur'));
  expect(choose('blur')).toBe(choose('blur'));
});

test.each([
  [Object.assign(new Error(''), { name: 'NotAllowedError' }), 'denied'],
  [Object.assign(new Error(''), { name: 'NotFoundError' }), 'notFound'],
  [Object.assign(new Error(''), { name: 'NotReadableError' }), 'inUse'],
  [new Error('failed to publish track, insufficient permissions'), 'notPermitted'],
  [new MediaFailure('effect'), 'effect'],
  ['nonsense', 'failed'],
])('why a device is not on: %s', (error, kind) => {
  expect(toMediaFailure(error).kind).toBe(kind);
});
