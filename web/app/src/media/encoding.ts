/** What a device can be asked to encode. */
export type DeviceClass = 'phone' | 'tablet' | 'desktop';

export interface Size {
  width: number;
  height: number;
}

export interface Layer extends Size {
  maxBitrate: number;
  maxFramerate: number;
}

/** How this device takes and sends video. */
export interface EncodingPolicy {
  capture: Size & { frameRate: number };
  /** From small to large; the last one is the picture itself. */
  layers: readonly Layer[];
  screen: Record<ScreenContent, { contentHint: 'detail' | 'motion'; encoding: { maxBitrate: number; maxFramerate: number } }>;
}

/** Text must be sharp, and may move slowly; a film the other way round. */
export type ScreenContent = 'text' | 'motion';

const small: Layer = { width: 320, height: 180, maxBitrate: 160_000, maxFramerate: 20 };
const medium: Layer = { width: 640, height: 360, maxBitrate: 450_000, maxFramerate: 20 };
const large: Layer = { width: 1280, height: 720, maxBitrate: 1_700_000, maxFramerate: 30 };

const screen: EncodingPolicy['screen'] = {
  text: { contentHint: 'detail', encoding: { maxBitrate: 2_500_000, maxFramerate: 15 } },
  motion: { contentHint: 'motion', encoding: { maxBitrate: 3_000_000, maxFramerate: 30 } },
};

/** A phone encodes two pictures of the camera at most, and none larger than 720p: its battery and its heat set the limit. */
export function encodingPolicy(device: DeviceClass): EncodingPolicy {
  const capture = { width: large.width, height: large.height, frameRate: device === 'phone' ? 24 : 30 };
  const own = { ...large, maxFramerate: capture.frameRate, maxBitrate: device === 'phone' ? 1_200_000 : large.maxBitrate };
  return { capture, layers: device === 'phone' ? [small, own] : [small, medium, own], screen };
}

export interface DeviceHints {
  /** What the browser calls itself. */
  userAgent: string;
  isTouch: boolean;
  /** Of the screen, whichever is shorter; CSS pixels. */
  shorterSide: number;
}

export function deviceClass({ userAgent, isTouch, shorterSide }: DeviceHints): DeviceClass {
  if (/iPhone|Android.*Mobile|Mobile.*Firefox/i.test(userAgent)) return 'phone';
  // A tablet says that it is a Mac, and that it is touched.
  if (/iPad|Android/i.test(userAgent) || (/Macintosh/.test(userAgent) && isTouch)) return shorterSide < 500 ? 'phone' : 'tablet';
  return 'desktop';
}

export function thisDevice(): DeviceClass {
  return deviceClass({
    userAgent: navigator.userAgent,
    isTouch: navigator.maxTouchPoints > 1,
    shorterSide: Math.min(window.screen.width, window.screen.height),
  });
}
