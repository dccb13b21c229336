/** What the browser and the server say of the media of a meeting, as figures of the last second and lines of the last minute. */

/** One reading of what the browser has counted of a track since it began. */
export interface Counters {
  direction: 'received' | 'sent';
  kind: 'audio' | 'video';
  codec?: string;
  width?: number;
  height?: number;
  framesPerSecond?: number;
  bytes: number;
  packets: number;
  packetsLost: number;
  jitterSeconds?: number;
  roundTripSeconds?: number;
  freezes: number;
  frozenSeconds: number;
  concealedSamples: number;
  samples: number;
  /** Of what is sent: why the encoder gives less than it could. */
  limitation?: string;
}

/** Between two readings. */
export interface Figures extends Omit<Counters, 'bytes' | 'packets' | 'packetsLost' | 'samples'> {
  bitsPerSecond: number;
  /** Share of packets. */
  loss: number;
  /** Share of the sound that was made up for want of packets. */
  concealed: number;
  /** Whether the picture stood still in between. */
  isFrozen: boolean;
}

type Entry = Record<string, unknown> & { type?: unknown };

const numberOf = (entry: Entry | undefined, name: string): number | undefined =>
  typeof entry?.[name] === 'number' && Number.isFinite(entry[name]) ? (entry[name] as number) : undefined;
const textOf = (entry: Entry | undefined, name: string): string | undefined =>
  typeof entry?.[name] === 'string' ? (entry[name] as string) : undefined;

/** What a browser's report (W3C webrtc-stats) says of one track; nothing when it is of none. */
export function readReport(report: Iterable<[string, unknown]>): Counters | undefined {
  const entries = new Map([...report].map(([id, entry]) => [id, (entry ?? {}) as Entry]));
  const all = [...entries.values()];
  const inbound = all.find(({ type }) => type === 'inbound-rtp');
  // Each encoding of a camera is told by itself: the largest that is sent is the one to look at.
  const outbound = all
    .filter(({ type }) => type === 'outbound-rtp')
    .sort((a, b) => (numberOf(b, 'frameHeight') ?? 0) - (numberOf(a, 'frameHeight') ?? 0));
  const main = inbound ?? outbound[0];
  if (!main) return undefined;
  const streams = inbound ? [inbound] : outbound;
  const sum = (name: string) => streams.reduce((total, stream) => total + (numberOf(stream, name) ?? 0), 0);
  const remote = all.filter(({ type }) => type === 'remote-inbound-rtp');
  const pair = all.find((entry) => entry.type === 'candidate-pair' && (entry['nominated'] === true || entry['selected'] === true));
  const codec = textOf(entries.get(textOf(main, 'codecId') ?? ''), 'mimeType');
  const roundTrip = numberOf(pair, 'currentRoundTripTime') ?? numberOf(remote[0], 'roundTripTime');
  const limitation = textOf(main, 'qualityLimitationReason');
  const optional = {
    codec: codec?.slice(codec.indexOf('/') + 1),
    width: numberOf(main, 'frameWidth'),
    height: numberOf(main, 'frameHeight'),
    framesPerSecond: numberOf(main, 'framesPerSecond'),
    jitterSeconds: inbound ? numberOf(inbound, 'jitter') : numberOf(remote[0], 'jitter'),
    roundTripSeconds: roundTrip,
    limitation: limitation === 'none' ? undefined : limitation,
  };
  return {
    direction: inbound ? 'received' : 'sent',
    kind: main['kind'] === 'audio' ? 'audio' : 'video',
    ...(Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)) as Partial<Counters>),
    bytes: sum(inbound ? 'bytesReceived' : 'bytesSent'),
    packets: sum(inbound ? 'packetsReceived' : 'packetsSent'),
    packetsLost: inbound ? sum('packetsLost') : remote.reduce((total, entry) => total + (numberOf(entry, 'packetsLost') ?? 0), 0),
    freezes: numberOf(main, 'freezeCount') ?? 0,
    frozenSeconds: numberOf(main, 'totalFreezesDuration') ?? 0,
    concealedSamples: numberOf(main, 'concealedSamples') ?? 0,
    samples: numberOf(main, 'totalSamplesReceived') ?? 0,
  };
}

/** The figures of a track `seconds` after it was read before; without a reading before, those that need none. */
export function figuresOf(now: Counters, before: Counters | undefined, seconds: number): Figures {
  // A track that begins anew counts from nothing again.
  const last = before && before.bytes <= now.bytes && before.direction === now.direction ? before : undefined;
  const since = (name: 'bytes' | 'packets' | 'packetsLost' | 'samples' | 'concealedSamples') => (last ? Math.max(0, now[name] - last[name]) : 0);
  const { bytes: _bytes, packets: _packets, packetsLost: _lost, samples: _samples, ...rest } = now;
  const lost = since('packetsLost');
  const expected = lost + since('packets');
  const samples = since('samples');
  return {
    ...rest,
    bitsPerSecond: seconds > 0 ? (since('bytes') * 8) / seconds : 0,
    loss: expected > 0 ? lost / expected : 0,
    concealed: samples > 0 ? since('concealedSamples') / samples : 0,
    isFrozen: last !== undefined && (now.freezes > last.freezes || now.frozenSeconds > last.frozenSeconds),
  };
}

/** A layer of a picture, as the server names it. */
export interface ServerLayer {
  width?: number;
  height?: number;
  spatial: number;
}

export interface ServerSubscription {
  track: string;
  limit: string;
  /** In English. */
  why: string;
  best?: ServerLayer;
  wanted?: ServerLayer;
  allocated?: ServerLayer;
  sent?: ServerLayer;
}

export interface ServerPath {
  estimate: number;
  wanted: number;
  allocated: number;
  limitedBy: string;
  loss: number;
  roundTripMs: number;
  queueMs: number;
}

/** What the server says of this participant; only the built-in SFU tells it. */
export interface ServerStatistics {
  path?: ServerPath;
  subscriptions: Map<string, ServerSubscription>;
}

function readLayer(value: unknown): ServerLayer | undefined {
  const spatial = numberOf(value as Entry | undefined, 'spatial');
  if (typeof value !== 'object' || value === null || spatial === undefined) return undefined;
  const width = numberOf(value as Entry, 'width');
  const height = numberOf(value as Entry, 'height');
  return { spatial, ...(width !== undefined && { width }), ...(height !== undefined && { height }) };
}

/** The answer of GET /rtc/stats; nothing when it is something else. */
export function readServer(value: unknown): ServerStatistics | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { path, subscriptions } = value as { path?: unknown; subscriptions?: unknown };
  if (!Array.isArray(subscriptions)) return undefined;
  const out: ServerStatistics = { subscriptions: new Map() };
  if (typeof path === 'object' && path !== null) {
    const figure = (name: string) => numberOf(path as Entry, name) ?? 0;
    out.path = {
      estimate: figure('estimate_bits_per_second'),
      wanted: figure('wanted_bits_per_second'),
      allocated: figure('allocated_bits_per_second'),
      limitedBy: textOf(path as Entry, 'limited_by') ?? 'none',
      loss: figure('loss'),
      roundTripMs: figure('round_trip_ms'),
      queueMs: figure('queue_ms') + figure('pacer_ms'),
    };
  }
  for (const entry of subscriptions as unknown[]) {
    if (typeof entry !== 'object' || entry === null) continue;
    const track = textOf(entry as Entry, 'track');
    if (!track) continue;
    const layers = entry as Record<'best' | 'wanted' | 'allocated' | 'sent', unknown>;
    const [best, wanted, allocated, sent] = [layers.best, layers.wanted, layers.allocated, layers.sent].map(readLayer);
    out.subscriptions.set(track, {
      track,
      limit: textOf(entry as Entry, 'limit') ?? '',
      why: textOf(entry as Entry, 'why') ?? '',
      ...(best && { best }),
      ...(wanted && { wanted }),
      ...(allocated && { allocated }),
      ...(sent && { sent }),
    });
  }
  return out;
}

/** A moment of the chart. */
export interface Moment {
  at: number;
  /** Bits a second that came in. */
  received: number;
  estimate?: number;
  isFrozen: boolean;
}

/** How far back the chart shows. */
export const historyMs = 60_000;

/** Of whom a reading is. */
export interface TrackOf {
  sid: string;
  identity: string;
  isLocal: boolean;
  source: 'camera' | 'screen' | 'microphone' | 'other';
}

export interface Reading extends TrackOf {
  counters: Counters;
}

export interface Row extends TrackOf {
  figures: Figures;
  server?: ServerSubscription;
}

export interface Shown {
  rows: Row[];
  path?: ServerPath;
  history: Moment[];
}

const order: TrackOf['source'][] = ['screen', 'camera', 'microphone', 'other'];

/** Makes figures of readings. Keeps a minute. */
export class StatisticsModel {
  private before = new Map<string, Counters>();
  private readAt = 0;
  private history: Moment[] = [];

  add(at: number, readings: Reading[], server: ServerStatistics | undefined): Shown {
    const seconds = this.readAt > 0 ? (at - this.readAt) / 1000 : 0;
    const rows = readings.map(({ counters, ...track }): Row => {
      const figures = figuresOf(counters, this.before.get(track.sid), seconds);
      const told = server?.subscriptions.get(track.sid);
      return { ...track, figures, ...(told && { server: told }) };
    });
    rows.sort((a, b) => Number(a.isLocal) - Number(b.isLocal) || order.indexOf(a.source) - order.indexOf(b.source));
    const received = rows.filter(({ figures }) => figures.direction === 'received');
    // The first reading has nothing to be compared with.
    if (this.readAt > 0) {
      this.history.push({
        at,
        received: received.reduce((sum, { figures }) => sum + figures.bitsPerSecond, 0),
        isFrozen: received.some(({ figures }) => figures.isFrozen),
        ...(server?.path && { estimate: server.path.estimate }),
      });
    }
    this.history = this.history.filter((moment) => moment.at > at - historyMs);
    this.before = new Map(readings.map(({ sid, counters }) => [sid, counters]));
    this.readAt = at;
    return { rows, history: this.history, ...(server?.path && { path: server.path }) };
  }
}

export interface Chart {
  /** What the top of the chart stands for. */
  top: number;
  /** Points of polylines; of the estimate several where it was not known in between. */
  received: string;
  estimate: string[];
  freezes: number[];
}

/** The chart of a history on a plane of this size, the newest at the right. */
export function chartOf(history: Moment[], now: number, width: number, height: number): Chart {
  const highest = Math.max(0, ...history.flatMap(({ received, estimate }) => [received, estimate ?? 0]));
  const top = roundUp(highest);
  const x = (at: number) => round(width - ((now - at) / historyMs) * width);
  const y = (rate: number) => round(height - (rate / top) * height);
  const point = (at: number, rate: number) => `${x(at)},${y(rate)}`;
  const estimate: string[][] = [[]];
  for (const moment of history) {
    if (moment.estimate === undefined) estimate.push([]);
    else estimate.at(-1)?.push(point(moment.at, moment.estimate));
  }
  return {
    top,
    received: history.map(({ at, received }) => point(at, received)).join(' '),
    estimate: estimate.filter((points) => points.length > 0).map((points) => points.join(' ')),
    freezes: history.filter(({ isFrozen }) => isFrozen).map(({ at }) => x(at)),
  };
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** The next of 1, 2 and 5 times a power of ten; at least 100 kbit/s. */
function roundUp(rate: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(rate, 1)));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rate) ?? 10;
  return Math.max(100_000, step * power);
}

/** Units are the same in all languages. */
export function rateText(bitsPerSecond: number): string {
  return bitsPerSecond < 999_500 ? `${Math.round(bitsPerSecond / 1000)} kbit/s` : `${(bitsPerSecond / 1_000_000).toFixed(1)} Mbit/s`;
}

export function shareText(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

export function sizeText(size: { width?: number; height?: number } | undefined): string | undefined {
  return size?.width && size.height ? `${size.width}×${size.height}` : undefined;
}
