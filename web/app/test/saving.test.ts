import { expect, test } from 'vitest';
import { deviceClass, encodingPolicy } from '../src/media/encoding';
import { receiveProfile, type DeviceHealth, SavingPolicy } from '../src/media/saving';

const battery = (level: number, isCharging = false): DeviceHealth => ({ battery: { level, isCharging } });

test('a battery that runs out goes step by step to sound only, and charging undoes all of it', () => {
  const policy = new SavingPolicy();
  const levels = [1, 0.31, 0.3, 0.2, 0.15, 0.06, 0.05, 0.01].map((level) => policy.update(battery(level), 'auto', 0));
  expect(levels).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
  expect(policy.update(battery(0.01, true), 'auto', 0)).toBe(0);
});

test('a level that moves around a limit does not switch forth and back', () => {
  const policy = new SavingPolicy();
  const levels = [0.3, 0.31, 0.3, 0.32, 0.34].map((level) => policy.update(battery(level), 'auto', 0));
  expect(levels).toEqual([1, 1, 1, 1, 0]);
});

test('a processor under pressure is spared when that lasts, and not for ever', () => {
  const policy = new SavingPolicy();
  const at = (seconds: number, pressure: DeviceHealth['pressure'] & string) => policy.update({ pressure }, 'auto', seconds * 1000);
  expect(at(0, 'serious')).toBe(0);
  expect(at(9, 'serious')).toBe(0);
  expect(at(10, 'serious')).toBe(1);
  expect(at(11, 'critical')).toBe(1);
  expect(at(21, 'critical')).toBe(2);
  expect(at(22, 'fair')).toBe(2);
  expect(at(40, 'critical')).toBe(2);
  expect(at(41, 'fair')).toBe(2);
  expect(at(71, 'fair')).toBe(0);
});

test('the user decides in the end', () => {
  const policy = new SavingPolicy();
  expect(policy.update(battery(0.04), 'off', 0)).toBe(0);
  expect(policy.update({}, 'on', 0)).toBe(1);
  expect(policy.update(battery(0.04), 'on', 0)).toBe(3);
});

test.each([
  ['auto', 0, { mode: 'auto', reason: 'chosen' }],
  ['saver', 0, { mode: 'saver', reason: 'chosen' }],
  ['audio', 1, { mode: 'audio', reason: 'chosen' }],
  ['auto', 1, { mode: 'auto', max_px: 230_400, max_fps: 15, max_videos: 6, reason: 'battery' }],
  ['saver', 2, { mode: 'saver', max_px: 57_600, max_fps: 7, max_videos: 4, reason: 'chosen' }],
  ['auto', 3, { mode: 'audio', reason: 'battery' }],
] as const)('what is asked of the server: %s at step %i', (receiving, level, profile) => {
  expect(receiveProfile(receiving, level)).toEqual(profile);
});

const agents = {
  iPhone: 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1',
  pixel: 'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/130.0.0.0 Mobile Safari/537.36',
  tab: 'Mozilla/5.0 (Linux; Android 14; SM-X910) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36',
  mac: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15',
};

test.each([
  [agents.iPhone, true, 390, 'phone'],
  [agents.pixel, true, 412, 'phone'],
  [agents.tab, true, 900, 'tablet'],
  [agents.mac, true, 820, 'tablet'],
  [agents.mac, false, 1000, 'desktop'],
])('%s', (userAgent, isTouch, shorterSide, expected) => {
  expect(deviceClass({ userAgent, isTouch, shorterSide })).toBe(expected);
});

test('a phone sends two layers at most, and 720p at most', () => {
  expect(encodingPolicy('desktop').layers).toHaveLength(3);
  const { layers, capture } = encodingPolicy('phone');
  expect(layers).toHaveLength(2);
  expect(Math.max(capture.height, ...layers.map(({ height }) => height))).toBe(720);
});
