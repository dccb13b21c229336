// What happened over time in one run, as comma-separated values: a row for each quarter of a second.
import { writeFile } from 'node:fs/promises';

const stepMs = 250;

function last(entries, at) {
  return entries.findLast((entry) => entry.at <= at);
}

function rowOf(seen, series, frames, start, at) {
  const before = last(series, at - stepMs);
  const now = last(series, at);
  // Counters come each 100 ms: a rate is over the time between two of them.
  const carriedKbps = before && now && now !== before ? Math.round((8 * (now.down.bytes_carried - before.down.bytes_carried)) / (now.t - before.t)) : '';
  const carried = before && now && now !== before ? now.down.packets_carried - before.down.packets_carried : 0;
  const since = (key) => (before && now ? now.down[key] - before.down[key] : 0);
  const shown = frames.filter(([time]) => time > at - stepMs && time <= at);
  const stats = last(seen.stats, at);
  const previous = last(seen.stats, at - stepMs);
  const grown = (kind, key) => {
    if (!stats || !previous || stats === previous) return 0;
    return Object.entries(stats[kind]).reduce((sum, [id, values]) => sum + (values[key] ?? 0) - (previous[kind][id]?.[key] ?? 0), 0);
  };
  return [
    ((at - start) / 1000).toFixed(2),
    now?.down.rate_kbps ?? '',
    carriedKbps,
    carried > 0 ? (since('queued_us') / carried / 1000).toFixed(1) : '',
    since('queue_full') + since('policed') + since('lost'),
    shown.length,
    frames.findLast(([time]) => time <= at)?.[1] ?? 0,
    Math.round((8 * grown('video', 'bytesReceived')) / stepMs),
    grown('video', 'nackCount'),
    grown('video', 'pliCount'),
    grown('audio', 'concealedSamples'),
    stats?.rtt ?? '',
  ].join(',');
}

/** `seen` is what the watcher tells, `series` the link's counters; pictures are those of one publisher. */
export async function writeTrace(path, seen, series, identity) {
  const frames = seen.frames[identity] ?? [];
  const rows = ['seconds,rate_kbps,carried_kbps,queued_ms,dropped,pictures,width,video_kbps,nacks,plis,concealed_samples,rtt'];
  const end = seen.stats.at(-1)?.at ?? seen.joining;
  for (let at = seen.joining + stepMs; at <= end; at += stepMs) rows.push(rowOf(seen, series, frames, seen.joining, at));
  await writeFile(path, `${rows.join('\n')}\n`);
}
