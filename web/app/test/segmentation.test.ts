import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { drawPixels, isPerson } from '../../../tests/e2e/lib/faces.mjs';
import { SegmentationNetwork, transpose } from '../src/media/background/network';
import { fromHalf, readModel } from '../src/media/background/tflite';
import { runPlainly } from './plainNetwork';

const here = dirname(fileURLToPath(import.meta.url));
const code = readFileSync(join(here, '../src/media/background/gen/segmentation.wasm'));
const resolve = createRequire(import.meta.url).resolve;
const file = new Uint8Array(readFileSync(resolve('@mediapipe/selfie_segmentation/selfie_segmentation_landscape.tflite')));

let network: SegmentationNetwork;
beforeAll(async () => {
  network = await SegmentationNetwork.create(code, file);
});

test('the model that is shipped is read', () => {
  const model = readModel(file);
  expect(model.tensors[model.input]!.shape).toEqual([1, 144, 256, 3]);
  expect(model.tensors[model.output]!.shape).toEqual([1, 144, 256, 1]);
  expect([network.width, network.height]).toEqual([256, 144]);
});

test('the kernels compute what the operators mean', () => {
  const rgba = drawPixels(1, network.width, network.height);
  const input = Float32Array.from({ length: network.width * network.height * 3 }, (_, i) => rgba[Math.floor(i / 3) * 4 + (i % 3)]! / 255);
  const expected = runPlainly(readModel(file), input);
  // The second run must not find what the first one left.
  network.run(drawPixels(2, network.width, network.height));
  const mask = network.run(rgba);
  const worst = mask.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
  expect(worst).toBeLessThan(1e-3);
  // Written plainly it is 150 times slower.
}, 60_000);

test.each([1, 2, 3])('the drawn figure of user %i is told from what is behind it', (user) => {
  const { width, height } = network;
  const mask = network.run(drawPixels(user, width, height));
  let both = 0;
  let either = 0;
  for (let i = 0; i < mask.length; i += 1) {
    const isSeen = mask[i]! > 0.5;
    const isThere = isPerson(user, (i % width) / height, Math.floor(i / width) / height);
    if (isSeen && isThere) both += 1;
    if (isSeen || isThere) either += 1;
  }
  expect(both / either).toBeGreaterThan(0.9);
});

test('what is no model is refused, wherever it is cut off', () => {
  expect(() => readModel(new Uint8Array(0))).toThrow();
  expect(() => readModel(file.slice(0, 1000))).toThrow();
  expect(() => readModel(new Uint8Array(4096).fill(7))).toThrow();
});

test.each([
  [0x3c00, 1],
  [0xc000, -2],
  [0x0001, 2 ** -24],
  [0x7bff, 65504],
  [0x7c00, Infinity],
  [0x8000, -0],
])('float16 %i', (bits, value) => {
  expect(fromHalf(bits)).toBe(value);
});

test('weights are turned', () => {
  expect([...transpose(Float32Array.of(1, 2, 3, 4, 5, 6), 2)]).toEqual([1, 4, 2, 5, 3, 6]);
});
