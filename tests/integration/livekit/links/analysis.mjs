// From what was seen to figures. Times are in milliseconds, `frames` are [time, width, height] in order of time.

/** A gap between two pictures that W3C calls a freeze (webrtc-stats, totalFreezesDuration): by the last 30 intervals. */
function isFreeze(gap, average) {
  return gap > Math.max(3 * average, average + 150);
}

/**
 * How long the picture stood still between two moments: the share of each frozen gap that lies between them. A picture
 * that has not come back counts as well, which W3C's figure leaves out until it does.
 */
export function frozenMs(frames, from, to) {
  let frozen = 0;
  const intervals = [];
  const times = frames.map(([at]) => at).filter((at) => at <= to);
  if (times.length === 0) return to - from;
  frozen += Math.max(0, times[0] - from);
  // The end of what is looked at closes the last gap.
  for (let i = 1; i <= times.length; i += 1) {
    const end = i < times.length ? times[i] : to;
    const gap = end - times[i - 1];
    const average = intervals.length > 0 ? intervals.reduce((sum, n) => sum + n, 0) / intervals.length : 50;
    if (isFreeze(gap, average)) frozen += Math.max(0, end - Math.max(times[i - 1], from));
    intervals.push(gap);
    if (intervals.length > 30) intervals.shift();
  }
  return frozen;
}

/** The width that was shown for most of the pictures between two moments; 0 without any. */
export function usualWidth(frames, from, to) {
  const counts = new Map();
  for (const [at, width] of frames) if (at >= from && at < to) counts.set(width, (counts.get(width) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 0;
}

export function framesPerSecond(frames, from, to) {
  return (1000 * frames.filter(([at]) => at >= from && at < to).length) / (to - from);
}

/** How often the size changed between two moments. */
export function sizeChanges(frames, from, to) {
  const widths = frames.filter(([at]) => at >= from && at < to).map(([, width]) => width);
  return widths.filter((width, i) => i > 0 && width !== widths[i - 1]).length;
}

/** Milliseconds from a moment to the first picture of at least this width that lasts for a second; null if none did. */
export function timeToWidth(frames, from, width, to = Infinity) {
  const after = frames.filter(([at]) => at >= from && at <= to);
  for (let i = 0; i < after.length; i += 1) {
    if (after[i][1] < width) continue;
    const next = after.findIndex((frame, j) => j > i && frame[1] < width);
    const until = next < 0 ? after.at(-1)[0] : after[next][0];
    if (until - after[i][0] >= 1000) return after[i][0] - from;
    if (next < 0) return null;
    i = next;
  }
  return null;
}

/** Of two entries of statistics those that are nearest to the moments. */
function ends(stats, from, to) {
  const inside = stats.filter(({ at }) => at >= from && at <= to);
  return [inside[0], inside.at(-1)];
}

/** Growth of a counter of all receivers of a kind between two moments. */
export function growth(stats, kind, counter, from, to) {
  const [first, last] = ends(stats, from, to);
  if (!first || first === last) return 0;
  let sum = 0;
  for (const [id, values] of Object.entries(last[kind])) sum += (values[counter] ?? 0) - (first[kind][id]?.[counter] ?? 0);
  return sum;
}

/** Share of the sound that was made up, in percent; the silence of a muted source does not count. Null without any. */
export function concealedPercent(stats, from, to) {
  const total = growth(stats, 'audio', 'totalSamplesReceived', from, to);
  if (total <= 0) return null;
  return (100 * (growth(stats, 'audio', 'concealedSamples', from, to))) / total;
}

export function videoKbps(stats, from, to) {
  const [first, last] = ends(stats, from, to);
  if (!first || first === last) return 0;
  return (8 * growth(stats, 'video', 'bytesReceived', from, to)) / (last.at - first.at);
}

/** Share of what the bottleneck could have carried that it did, in percent; null where it had no rate. */
export function usedPercent(series, way) {
  if (series.length < 2) return null;
  let could = 0;
  for (let i = 1; i < series.length; i += 1) could += (series[i - 1][way].rate_kbps * (series[i].t - series[i - 1].t)) / 8;
  return could > 0 ? (100 * (series.at(-1)[way].bytes_carried - series[0][way].bytes_carried)) / could : null;
}

/** Of the mean stay in the queue in each interval, the value that this share of all packets had at most, in ms. */
export function queuedMs(series, way, share = 0.95) {
  const stays = [];
  for (let i = 1; i < series.length; i += 1) {
    const packets = series[i][way].packets_carried - series[i - 1][way].packets_carried;
    if (packets > 0) stays.push([(series[i][way].queued_us - series[i - 1][way].queued_us) / packets / 1000, packets]);
  }
  stays.sort((a, b) => a[0] - b[0]);
  const all = stays.reduce((sum, [, packets]) => sum + packets, 0);
  let count = 0;
  for (const [stay, packets] of stays) if ((count += packets) >= share * all) return stay;
  return null;
}
