// What is done to the link, and the figures of it. Each figure is { what, value, unit, bar }: the bar is what we hold ourselves
// to, as { most } or { least }; a value of null says that it never came.
import {
  concealedPercent,
  framesPerSecond,
  frozenMs,
  growth,
  queuedMs,
  sizeChanges,
  timeToWidth,
  usedPercent,
  usualWidth,
  videoKbps,
} from './analysis.mjs';
import { pause, World } from './world.mjs';

const seconds = (ms) => (ms === null ? null : ms / 1000);
/** Kbit/s of the link to watchers, with its delay each way and a queue as home routers have. */
const shaped = (kbps, delayMs = 25) => ({ both: { delay_ms: delayMs, queue_ms: 300 }, down: { rate_kbps: kbps } });

/** What a watcher saw of a publisher between two moments, as figures of any scenario. */
function pictureFigures({ frames, stats }, from, to) {
  return [
    { what: 'width', value: usualWidth(frames, from, to), unit: 'px' },
    { what: 'pictures a second', value: framesPerSecond(frames, from, to), unit: '' },
    { what: 'sound concealed', value: concealedPercent(stats, from, to), unit: '%' },
  ];
}

/** The same as the browser counts it: of decoded pictures, whether or not each was shown, and of freezes that ended. */
function browsersFreezes({ stats }, from, to) {
  return { what: 'frozen, as the browser counts', value: growth(stats, 'video', 'totalFreezesDuration', from, to), unit: 's' };
}

function firstPicture(seen, bar) {
  const first = seen.frames.publisher[0]?.[0];
  return { what: 'first picture', value: first ? (first - seen.joining) / 1000 : null, unit: 's', bar };
}

async function drop(world) {
  await world.publisher();
  const watcher = await world.watcher();
  await watcher.sees('publisher', 1280).catch(() => {});
  const steady = Date.now();
  await pause(10_000);
  const down = await world.link.change({ down: { rate_kbps: 700 } });
  await pause(30_000);
  const up = await world.link.change({ down: { rate_kbps: 4000 } });
  await pause(25_000);
  const end = Date.now();
  const seen = await watcher.everything();
  const frames = seen.frames.publisher;
  const settled = world.link.between(down + 10_000, up);
  return [
    firstPicture(seen, { most: 1 }),
    { what: 'before: width', value: usualWidth(frames, steady, down), unit: 'px', bar: { least: 1280 } },
    { what: 'frozen in 10 s after the drop', value: seconds(frozenMs(frames, down, down + 10_000)), unit: 's', bar: { most: 0.5 } },
    { ...browsersFreezes(seen, down, down + 10_000), what: 'the same, as the browser counts' },
    { what: 'frozen in the 20 s after that', value: seconds(frozenMs(frames, down + 10_000, up)), unit: 's', bar: { most: 0.5 } },
    ...pictureFigures({ frames, stats: seen.stats }, down + 10_000, up).map((figure) => ({ ...figure, what: `narrow: ${figure.what}` })),
    { what: 'sound concealed in 10 s after the drop', value: concealedPercent(seen.stats, down, down + 10_000), unit: '%', bar: { most: 1 } },
    { what: 'narrow: capacity used', value: usedPercent(settled, 'down'), unit: '%', bar: { least: 90 } },
    { what: 'narrow: wait in the queue, p95', value: queuedMs(settled, 'down'), unit: 'ms', bar: { most: 30 } },
    { what: 'narrow: size changes a minute', value: sizeChanges(frames, down + 10_000, up) * 3, unit: '', bar: { most: 2 } },
    { what: 'top layer after the return', value: seconds(timeToWidth(frames, up, 1280, end)), unit: 's', bar: { most: 5 } },
    { what: 'frozen after the return', value: seconds(frozenMs(frames, up + 1000, end)), unit: 's', bar: { most: 0.5 } },
  ];
}

async function loss(world) {
  await world.publisher();
  const watcher = await world.watcher();
  await watcher.sees('publisher', 1280).catch(() => {});
  await pause(3_000);
  const from = await world.link.change({ both: { loss: 0.05 } });
  await pause(20_000);
  const to = Date.now();
  const seen = await watcher.everything();
  const frames = seen.frames.publisher;
  return [
    { what: 'frozen in 20 s', value: seconds(frozenMs(frames, from, to)), unit: 's', bar: { most: 0.2 } },
    browsersFreezes(seen, from, to),
    { what: 'width', value: usualWidth(frames, from, to), unit: 'px', bar: { least: 1280 } },
    { what: 'pictures a second', value: framesPerSecond(frames, from, to), unit: '' },
    { what: 'sound concealed', value: concealedPercent(seen.stats, from, to), unit: '%', bar: { most: 0.5 } },
    { what: 'size changes a minute', value: sizeChanges(frames, from, to) * 3, unit: '', bar: { most: 2 } },
    { what: 'video rate', value: videoKbps(seen.stats, from, to), unit: 'kbit/s' },
    { what: 'asked to resend', value: growth(seen.stats, 'video', 'nackCount', from, to), unit: '' },
    { what: 'key frames asked for', value: growth(seen.stats, 'video', 'pliCount', from, to), unit: '' },
  ];
}

async function delay(world) {
  await world.publisher();
  const watcher = await world.watcher();
  await watcher.sees('publisher', 1280).catch(() => {});
  await pause(12_000);
  const step = await world.link.change({ both: { delay_ms: 125 } });
  await pause(20_000);
  const to = Date.now();
  const seen = await watcher.everything();
  const frames = seen.frames.publisher;
  const before = videoKbps(seen.stats, step - 10_000, step);
  return [
    { what: 'rate kept', value: (100 * videoKbps(seen.stats, step + 2000, to)) / before, unit: '%', bar: { least: 90 } },
    { what: 'frozen in 20 s', value: seconds(frozenMs(frames, step, to)), unit: 's', bar: { most: 0.3 } },
    { what: 'width', value: usualWidth(frames, step, to), unit: 'px', bar: { least: 1280 } },
    { what: 'sound concealed', value: concealedPercent(seen.stats, step + 2000, to), unit: '%', bar: { most: 0.5 } },
  ];
}

async function tiles(world) {
  // Small ones beside the pinned one: nine encoders of 720p would be a test of this machine.
  const names = ['pinned', ...Array.from({ length: 8 }, (_, i) => `tile${i + 1}`)];
  for (const name of names) {
    const size = name === 'pinned' ? { width: 1280, height: 720 } : { width: 320, height: 180, fps: 10 };
    await world.publisher(name, { ...size, audio: name === 'pinned' });
  }
  const watcher = await world.watcher({ pinned: 'pinned' });
  await watcher.sees('pinned');
  await pause(15_000);
  const from = Date.now();
  await pause(20_000);
  const to = Date.now();
  const seen = await watcher.everything();
  const small = names.slice(1).map((name) => framesPerSecond(seen.frames[name] ?? [], from, to));
  const series = world.link.between(from, to);
  return [
    { what: 'pinned: width', value: usualWidth(seen.frames.pinned, from, to), unit: 'px', bar: { least: 640 } },
    { what: 'pinned: pictures a second', value: framesPerSecond(seen.frames.pinned, from, to), unit: '', bar: { least: 18 } },
    { what: 'pinned: frozen in 20 s', value: seconds(frozenMs(seen.frames.pinned, from, to)), unit: 's', bar: { most: 0.2 } },
    { what: 'tiles that move (2 pictures a second and more)', value: small.filter((rate) => rate >= 2).length, unit: '', bar: { least: 8 } },
    { what: 'slowest tile: pictures a second', value: Math.min(...small), unit: '' },
    { what: 'sound concealed', value: concealedPercent(seen.stats, from, to), unit: '%', bar: { most: 1 } },
    { what: 'capacity used', value: usedPercent(series, 'down'), unit: '%', bar: { least: 90 } },
    { what: 'wait in the queue, p95', value: queuedMs(series, 'down'), unit: 'ms', bar: { most: 30 } },
  ];
}

async function uplink(world) {
  const link = await world.addLink({ both: { delay_ms: 25, queue_ms: 300 }, up: { rate_kbps: 4000 } });
  const publisher = await world.publisher('publisher', { link });
  const watcher = await world.watcher({ unshaped: true });
  await watcher.sees('publisher', 1280).catch(() => {});
  await pause(10_000);
  const from = await link.change({ up: { rate_kbps: 800 } });
  await pause(30_000);
  const to = Date.now();
  const told = (await publisher.qualities()).find(({ at, quality }) => at > from && quality !== 'excellent');
  const seen = await watcher.everything();
  const frames = seen.frames.publisher;
  return [
    { what: 'quality told after', value: told ? (told.at - from) / 1000 : null, unit: 's', bar: { most: 5 } },
    { what: 'frozen in 10 s', value: seconds(frozenMs(frames, from, from + 10_000)), unit: 's', bar: { most: 1 } },
    { what: 'frozen in the 20 s after that', value: seconds(frozenMs(frames, from + 10_000, to)), unit: 's', bar: { most: 0.5 } },
    ...pictureFigures({ frames, stats: seen.stats }, from + 10_000, to),
    { what: 'capacity used', value: usedPercent(link.between(from + 10_000, to), 'up'), unit: '%' },
  ];
}

async function narrow(world) {
  await world.publisher();
  const watcher = await world.watcher();
  await watcher.sees().catch(() => {});
  await pause(5_000);
  const from = Date.now();
  await pause(30_000);
  const to = Date.now();
  const seen = await watcher.everything();
  const frames = seen.frames.publisher;
  const series = world.link.between(from, to);
  return [
    firstPicture(seen, { most: 2 }),
    { what: 'frozen in 30 s', value: seconds(frozenMs(frames, from, to)), unit: 's', bar: { most: 0.5 } },
    { what: 'width', value: usualWidth(frames, from, to), unit: 'px', bar: { least: 320 } },
    { what: 'pictures a second', value: framesPerSecond(frames, from, to), unit: '' },
    { what: 'sound concealed', value: concealedPercent(seen.stats, from, to), unit: '%', bar: { most: 1 } },
    { what: 'capacity used', value: usedPercent(series, 'down'), unit: '%' },
    { what: 'wait in the queue, p95', value: queuedMs(series, 'down'), unit: 'ms', bar: { most: 30 } },
  ];
}

/** How a picture and sound fare for half a minute on a link that stays as it is, or to which `trouble` is done meanwhile. */
const steady = (bars, trouble) => async (world) => {
  await world.publisher();
  const watcher = await world.watcher();
  await watcher.sees().catch(() => {});
  await pause(10_000);
  const from = Date.now();
  const over = trouble ? await trouble(world) : await pause(30_000);
  const to = Date.now();
  const seen = await watcher.everything();
  const frames = seen.frames.publisher;
  const series = world.link.between(from, to);
  const figures = [
    { what: 'frozen', value: seconds(frozenMs(frames, from, to)), unit: 's', bar: { most: bars.frozen } },
    browsersFreezes(seen, from, to),
    ...pictureFigures({ frames, stats: seen.stats }, from, to),
    { what: 'video rate', value: videoKbps(seen.stats, from, to), unit: 'kbit/s' },
    { what: 'size changes a minute', value: (sizeChanges(frames, from, to) * 60_000) / (to - from), unit: '', bar: { most: bars.changes } },
  ];
  for (const figure of figures) if (figure.what === 'sound concealed') figure.bar = { most: bars.concealed };
  if (bars.queue) figures.push({ what: 'wait in the queue, p95', value: queuedMs(series, 'down'), unit: 'ms', bar: { most: bars.queue } });
  if (bars.used) figures.push({ what: 'capacity used', value: usedPercent(series, 'down'), unit: '%', bar: { least: bars.used } });
  if (over) figures.push({ what: 'full size again after it', value: seconds(timeToWidth(frames, over, 1280, to)), unit: 's', bar: { most: 5 } });
  return figures;
};

/** A radio that is away for 100 to 300 ms every 2 to 5 seconds; what comes meanwhile waits. */
async function wifi(world) {
  const end = Date.now() + 30_000;
  for (let i = 0; Date.now() < end; i += 1) {
    await world.link.change({ both: { hold: true } });
    await pause([100, 200, 300][i % 3]);
    await world.link.change({ both: { hold: false } });
    await pause([2000, 3500, 5000, 2700][i % 4]);
  }
}

/** Nothing passes for three seconds. Returns when it was over. */
async function outage(world) {
  await world.link.change({ both: { loss: 1 } });
  await pause(3_000);
  const over = await world.link.change({ both: { loss: 0 } });
  await pause(17_000);
  return over;
}

/** A download over TCP through the same link, as fast as it goes. */
async function download(world) {
  const stop = await world.download();
  await pause(30_000);
  await stop();
}

const policed = { both: { delay_ms: 25 }, down: { rate_kbps: 5000, policer_kbps: 1000, policer_burst_bytes: 16_384 } };
const bloated = { both: { delay_ms: 25, queue_ms: 1000 }, down: { rate_kbps: 2000 } };

/** The way back leads through losses, which an estimator of bandwidth must not go on believing in when they are over. */
async function lossyReturn(world) {
  await world.publisher();
  const watcher = await world.watcher();
  await watcher.sees('publisher', 1280).catch(() => {});
  await world.link.change({ down: { rate_kbps: 700 } });
  await pause(8_000);
  const wide = await world.link.change({ down: { rate_kbps: 4000 }, both: { loss: 0.05 } });
  await pause(10_000);
  const clean = await world.link.change({ both: { loss: 0 } });
  await pause(25_000);
  const end = Date.now();
  const seen = await watcher.everything();
  const frames = seen.frames.publisher;
  return [
    { what: 'while lossy: width', value: usualWidth(frames, wide, clean), unit: 'px' },
    { what: 'while lossy: frozen in 10 s', value: seconds(frozenMs(frames, wide, clean)), unit: 's', bar: { most: 0.5 } },
    { what: 'top layer after the losses', value: seconds(timeToWidth(frames, clean, 1280, end)), unit: 's', bar: { most: 5 } },
  ];
}

/** By name: what it is, the link to watchers at first, and what gives the figures. */
export const scenarios = {
  drop: { title: 'capacity 4 → 0.7 → 4 Mbit/s, 50 ms round trip', profile: shaped(4000), run: drop },
  loss: { title: '5 % lost each way, 100 ms round trip', profile: { both: { delay_ms: 50 } }, run: loss },
  delay: { title: 'round trip 50 → 250 ms at 4 Mbit/s', profile: shaped(4000), run: delay },
  tiles: { title: 'nine tiles on 2.5 Mbit/s, one pinned', profile: shaped(2500), run: tiles },
  uplink: { title: 'the publisher’s uplink 4 → 0.8 Mbit/s', profile: {}, run: uplink },
  narrow: { title: '300 kbit/s with sound, from the start', profile: shaped(300), run: narrow },
  return: { title: '0.7 Mbit/s, then 4 with 5 % lost for 10 s, then none lost', profile: shaped(4000), run: lossyReturn },
  policer: { title: 'policed at 1 Mbit/s with a bucket of 16 KB', profile: policed, run: steady({ frozen: 1, changes: 2, concealed: 2 }) },
  bloat: { title: '2 Mbit/s with a queue of a second', profile: bloated, run: steady({ frozen: 0.3, changes: 2, concealed: 0.5, queue: 30, used: 80 }) },
  wifi: { title: 'a radio that is away for 100 to 300 ms every 2 to 5 s', profile: shaped(8000, 10), run: steady({ frozen: 1.5, changes: 2, concealed: 3 }, wifi) },
  outage: { title: 'nothing passes for 3 s', profile: shaped(8000), run: steady({ frozen: 4, changes: 12, concealed: 20 }, outage) },
  cross: { title: 'beside a download over TCP, 4 Mbit/s', profile: shaped(4000), run: steady({ frozen: 1, changes: 4, concealed: 2 }, download), needs: 'tun' },
};

/** Runs a scenario once, with the options of World.make(); `trace` is the beginning of names for files that tell how it went. */
export async function measure(name, options) {
  const { profile, run } = scenarios[name];
  const world = await World.make({ ...options, profile });
  try {
    const figures = await run(world);
    if (options.trace) await world.trace(options.trace);
    return [...figures, { what: 'encoders short of CPU', value: await world.secondsShortOfCpu(), unit: 's' }];
  } finally {
    await world.close();
  }
}
