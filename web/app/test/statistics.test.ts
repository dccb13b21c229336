import { expect, test } from 'vitest';
import { languages } from '../src/i18n';
import {
  chartOf,
  type Counters,
  figuresOf,
  historyMs,
  rateText,
  readReport,
  readServer,
  type Reading,
  shareText,
  sizeText,
  StatisticsModel,
} from '../src/meeting/statistics';

const received = (counters: Partial<Counters> = {}): Counters => ({
  direction: 'received',
  kind: 'video',
  bytes: 0,
  packets: 0,
  packetsLost: 0,
  freezes: 0,
  frozenSeconds: 0,
  concealedSamples: 0,
  samples: 0,
  ...counters,
});

const reading = (counters: Partial<Counters>, track: Partial<Reading> = {}): Reading => ({
  sid: 'TR_1',
  identity: '2',
  isLocal: false,
  source: 'camera',
  counters: received(counters),
  ...track,
});

/** What GET /rtc/stats says. */
const said = (limit = 'network') => ({
  identity: '1',
  path: {
    estimate_bits_per_second: 540_000,
    wanted_bits_per_second: 2_100_000,
    allocated_bits_per_second: 150_000,
    limited_by: 'delay',
    loss: 0.015,
    round_trip_ms: 40.2,
    queue_ms: 3,
    pacer_ms: 2,
  },
  subscriptions: [
    {
      track: 'TR_1',
      limit,
      why: '320x180 of 1280x720: the network carries 540 kbit/s',
      best: { spatial: 2, width: 1280, height: 720 },
      wanted: { spatial: 2, width: 1280, height: 720 },
      allocated: { spatial: 0, temporal: 1, width: 320, height: 180 },
      sent: null,
    },
  ],
});

test('what a browser reports of a picture that it receives', () => {
  const counters = readReport(
    new Map<string, unknown>([
      [
        'IT1',
        {
          type: 'inbound-rtp',
          kind: 'video',
          codecId: 'C1',
          frameWidth: 640,
          frameHeight: 360,
          framesPerSecond: 29,
          bytesReceived: 5000,
          packetsReceived: 40,
          packetsLost: 2,
          jitter: 0.012,
          freezeCount: 1,
          totalFreezesDuration: 0.4,
        },
      ],
      ['C1', { type: 'codec', mimeType: 'video/VP8' }],
      ['P0', { type: 'candidate-pair', nominated: false, currentRoundTripTime: 9 }],
      ['P1', { type: 'candidate-pair', nominated: true, currentRoundTripTime: 0.04 }],
    ]),
  );
  expect(counters).toEqual(
    received({
      codec: 'VP8',
      width: 640,
      height: 360,
      framesPerSecond: 29,
      bytes: 5000,
      packets: 40,
      packetsLost: 2,
      jitterSeconds: 0.012,
      roundTripSeconds: 0.04,
      freezes: 1,
      frozenSeconds: 0.4,
    }),
  );
});

test('of a camera that is sent in several sizes the largest is shown, and all are counted', () => {
  const layer = (frameHeight: number | undefined, bytesSent: number) => ({
    type: 'outbound-rtp',
    kind: 'video',
    ...(frameHeight && { frameHeight, frameWidth: (frameHeight * 16) / 9 }),
    bytesSent,
    packetsSent: 10,
    qualityLimitationReason: frameHeight === 720 ? 'cpu' : 'none',
  });
  const counters = readReport(
    new Map<string, unknown>([
      ['A', layer(180, 100)],
      ['B', layer(720, 1000)],
      ['C', layer(undefined, 10)],
      ['R', { type: 'remote-inbound-rtp', roundTripTime: 0.05, packetsLost: 3 }],
    ]),
  );
  expect(counters).toMatchObject({ direction: 'sent', height: 720, bytes: 1110, packets: 30, packetsLost: 3, limitation: 'cpu', roundTripSeconds: 0.05 });
});

test('what is of no track is nothing', () => {
  expect(readReport(new Map())).toBeUndefined();
  expect(readReport(new Map([['x', null]]))).toBeUndefined();
});

test('figures are of what happened in between', () => {
  const before = received({ bytes: 1000, packets: 100, packetsLost: 1, freezes: 1 });
  const now = received({ bytes: 26_000, packets: 190, packetsLost: 11, freezes: 1 });
  expect(figuresOf(now, before, 2)).toMatchObject({ bitsPerSecond: 100_000, loss: 0.1, isFrozen: false });
  expect(figuresOf({ ...now, freezes: 2 }, before, 2).isFrozen).toBe(true);
  expect(figuresOf(now, undefined, 2)).toMatchObject({ bitsPerSecond: 0, loss: 0, isFrozen: false });
  // It began anew.
  expect(figuresOf(before, now, 2)).toMatchObject({ bitsPerSecond: 0, loss: 0 });
  const sound = received({ kind: 'audio', samples: 48_000, concealedSamples: 480 });
  expect(figuresOf(sound, received({ kind: 'audio' }), 1).concealed).toBe(0.01);
});

test('the server’s half is read, and what is none is left out', () => {
  const server = readServer(said());
  expect(server?.path).toMatchObject({ estimate: 540_000, limitedBy: 'delay', queueMs: 5 });
  expect(server?.subscriptions.get('TR_1')).toEqual({
    track: 'TR_1',
    limit: 'network',
    why: '320x180 of 1280x720: the network carries 540 kbit/s',
    best: { spatial: 2, width: 1280, height: 720 },
    wanted: { spatial: 2, width: 1280, height: 720 },
    allocated: { spatial: 0, width: 320, height: 180 },
  });
  for (const nonsense of [undefined, null, 7, 'text', {}, { subscriptions: 'none' }]) expect(readServer(nonsense)).toBeUndefined();
  expect(readServer({ path: null, subscriptions: [null, 7, {}, { track: 7 }] })?.subscriptions.size).toBe(0);
});

test('rows are ordered, know what the server says, and the chart keeps a minute', () => {
  const model = new StatisticsModel();
  const readings = (bytes: number, freezes: number): Reading[] => [
    reading({ direction: 'sent', bytes }, { sid: 'TR_own', identity: '1', isLocal: true }),
    reading({ kind: 'audio', bytes: 0 }, { sid: 'TR_2', source: 'microphone' }),
    reading({ bytes, freezes }),
  ];
  expect(model.add(1000, readings(0, 0), undefined).history).toEqual([]);
  const shown = model.add(2000, readings(12_500, 1), readServer(said()));
  expect(shown.rows.map(({ sid }) => sid)).toEqual(['TR_1', 'TR_2', 'TR_own']);
  expect(shown.rows[0]?.server?.limit).toBe('network');
  // What is sent is no part of what is received.
  expect(shown.history).toEqual([{ at: 2000, received: 100_000, estimate: 540_000, isFrozen: true }]);
  expect(shown.path?.wanted).toBe(2_100_000);
  expect(model.add(2000 + historyMs, readings(25_000, 1), undefined)).toMatchObject({ history: [{ at: 2000 + historyMs }] });
});

test('the chart has its newest moment at the right and a round top', () => {
  const history = [
    { at: 30_000, received: 400_000, estimate: 800_000, isFrozen: false },
    { at: 31_000, received: 200_000, isFrozen: true },
    { at: 60_000, received: 0, estimate: 1_000_000, isFrozen: false },
  ];
  expect(chartOf(history, 60_000, 300, 100)).toEqual({
    top: 1_000_000,
    received: '150,60 155,80 300,100',
    // Where it was not known there is no line.
    estimate: ['150,20', '300,0'],
    freezes: [155],
  });
  expect(chartOf([], 0, 300, 100)).toEqual({ top: 100_000, received: '', estimate: [], freezes: [] });
});

test.each([
  [540_400, '540 kbit/s'],
  [999_600, '1.0 Mbit/s'],
  [2_140_000, '2.1 Mbit/s'],
  [0, '0 kbit/s'],
])('the rate %d is written %s', (rate, text) => {
  expect(rateText(rate)).toBe(text);
});

test('shares and sizes', () => {
  expect(shareText(0.0151)).toBe('1.5 %');
  expect(sizeText({ width: 640, height: 360 })).toBe('640×360');
  expect(sizeText({})).toBeUndefined();
  expect(sizeText(undefined)).toBeUndefined();
});

test('every reason that the server gives is said in both languages', () => {
  const limits = ['none', 'not_connected', 'not_negotiated', 'muted', 'subscriber', 'publisher', 'paused', 'key_frame', 'network', 'server', 'others_speak'];
  for (const { statistics } of Object.values(languages)) {
    const sentences = limits.map((limit) => {
      const subscription = readServer(said(limit))?.subscriptions.get('TR_1');
      return subscription ? statistics.why(subscription) : '';
    });
    for (const sentence of sentences) {
      expect(sentence).not.toBe('');
      expect(sentence).not.toContain('kbit/s');
    }
    // A reason of a later server is told in its own words.
    const unknown = readServer(said('weather'))?.subscriptions.get('TR_1');
    expect(unknown && statistics.why(unknown)).toContain('540 kbit/s');
  }
  const { en, zh } = languages;
  expect(Object.keys(zh.statistics.pathLimits)).toEqual(Object.keys(en.statistics.pathLimits));
  expect(Object.keys(zh.statistics.limitations)).toEqual(Object.keys(en.statistics.limitations));
});
