/** How far the device is spared: 0 not at all, 1 and 2 fewer and smaller pictures, 3 sound only. */
export type SavingLevel = 0 | 1 | 2 | 3;

/** What a step means. Absent: no limit. */
export interface SavingStep {
  /** Pictures on a page. */
  tiles?: number;
  /** Of a received or sent picture. */
  width?: number;
  height?: number;
  fps?: number;
}

/**
 * The background stays at every step: leaving it out would show what somebody wanted to hide. With fewer pictures it costs
 * less, too.
 */
export const savingSteps: Record<SavingLevel, SavingStep> = {
  0: {},
  1: { tiles: 6, width: 640, height: 360, fps: 15 },
  2: { tiles: 4, width: 320, height: 180, fps: 7 },
  3: { tiles: 1, width: 320, height: 180, fps: 7 },
};

export type Pressure = 'nominal' | 'fair' | 'serious' | 'critical';

/** What is known of the device. What a browser does not tell is absent. */
export interface DeviceHealth {
  battery?: { level: number; isCharging: boolean };
  pressure?: Pressure;
}

/** A battery at this level or below, discharging, asks for the step. */
const batteryLimits: readonly (readonly [limit: number, level: SavingLevel])[] = [
  [0.05, 3],
  [0.15, 2],
  [0.3, 1],
];
/** A level that moves around a limit does not switch forth and back. */
const batterySlack = 0.03;
/** So long a processor is under pressure before something is done about it, and calm before it is undone; ms. */
const pressureMs = 10_000;
const calmMs = 30_000;

/** What the user wants: by itself, never, or always the first step at least. */
export type SavingWish = 'auto' | 'off' | 'on';

/** Decides how far the device is spared, from what happens to it. Time comes as an argument, in ms. */
export class SavingPolicy {
  private batteryLevel: SavingLevel = 0;
  private pressureLevel: SavingLevel = 0;
  private pressedSince: number | undefined;
  private calmSince: number | undefined;

  update(health: DeviceHealth, wish: SavingWish, now: number): SavingLevel {
    this.followBattery(health.battery);
    this.followPressure(health.pressure ?? 'nominal', now);
    if (wish === 'off') return 0;
    return Math.max(this.batteryLevel, this.pressureLevel, wish === 'on' ? 1 : 0) as SavingLevel;
  }

  private followBattery(battery: DeviceHealth['battery']): void {
    if (!battery || battery.isCharging) {
      this.batteryLevel = 0;
      return;
    }
    const levelAt = (charge: number) => batteryLimits.find(([limit]) => charge <= limit)?.[1] ?? 0;
    const wanted = levelAt(battery.level);
    // One step back only when it is clear of the limit.
    this.batteryLevel = wanted >= this.batteryLevel ? wanted : (Math.max(wanted, levelAt(battery.level - batterySlack)) as SavingLevel);
  }

  private followPressure(pressure: Pressure, now: number): void {
    const wanted: SavingLevel = pressure === 'critical' ? 2 : pressure === 'serious' ? 1 : 0;
    if (wanted > this.pressureLevel) {
      this.calmSince = undefined;
      this.pressedSince ??= now;
      if (now - this.pressedSince < pressureMs) return;
      this.pressureLevel = wanted;
      this.pressedSince = undefined;
    } else if (wanted < this.pressureLevel) {
      this.pressedSince = undefined;
      this.calmSince ??= now;
      if (now - this.calmSince < calmMs) return;
      this.pressureLevel = wanted;
      this.calmSince = undefined;
    } else {
      this.pressedSince = undefined;
      this.calmSince = undefined;
    }
  }
}

/** The wish that our media server honours before it shares out bandwidth (docs/adr/027-uplinks-and-wishes.md). */
export interface ReceiveProfile {
  mode: 'auto' | 'saver' | 'audio';
  max_px?: number;
  max_fps?: number;
  max_videos?: number;
  reason: string;
}

export function receiveProfile(receiving: ReceiveProfile['mode'], level: SavingLevel): ReceiveProfile {
  if (receiving === 'audio' || level === 3) return { mode: 'audio', reason: receiving === 'audio' ? 'chosen' : 'battery' };
  const { width, height, fps, tiles } = savingSteps[level];
  return {
    mode: receiving,
    ...(width !== undefined && height !== undefined && { max_px: width * height }),
    ...(fps !== undefined && { max_fps: fps }),
    ...(tiles !== undefined && { max_videos: tiles }),
    reason: level > 0 && receiving === 'auto' ? 'battery' : 'chosen',
  };
}
