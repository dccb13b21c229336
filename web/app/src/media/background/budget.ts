/** What one picture costs on this device, in ms. */
export interface Costs {
  /** To find the person. */
  maskMs: number;
  /** Everything else. */
  composeMs: number;
}

/** How much is done: a person is looked for in each `maskEvery`th picture, and no more pictures are made than `fps`. */
export interface Load {
  maskEvery: number;
  fps: number;
}

/** Less is not shown with an effect. */
export const leastFps = 15;
/** Of the time between two pictures; the rest is left to the encoder and the page. */
const share = 0.6;
/** In so many pictures a person moves visibly out of the mask. */
const mostMaskEvery = 4;

const steps = (sourceFps: number): Load[] => {
  const all = [1, 2, 3, mostMaskEvery].map((maskEvery) => ({ maskEvery, fps: sourceFps }));
  if (sourceFps > leastFps) all.push({ maskEvery: 2, fps: leastFps }, { maskEvery: mostMaskEvery, fps: leastFps });
  return all;
};

/** The most that can be done within the time that there is; undefined when it does not suffice for 15 pictures a second. */
export function chooseLoad({ maskMs, composeMs }: Costs, sourceFps: number): Load | undefined {
  const cost = ({ maskEvery }: Load) => composeMs + maskMs / maskEvery;
  const all = steps(sourceFps);
  const comfortable = all.find((load) => cost(load) <= (share * 1000) / load.fps);
  if (comfortable) return comfortable;
  const last = all.at(-1)!;
  return cost(last) <= 1000 / Math.min(leastFps, sourceFps) ? last : undefined;
}

export const isReduced = ({ maskEvery, fps }: Load, sourceFps: number) => maskEvery > 2 || fps < Math.min(sourceFps, 24);

/** A device that was busy for a moment is not treated as a slow one for ever, and not asked for more at each moment. */
const calmMs = 5000;
const smoothing = 0.1;

/** Follows what pictures cost and says how much to do. Time comes as an argument, in ms. */
export class FrameBudget {
  private costs: Costs | undefined;
  private load: Load;
  private cheaperSince: number | undefined;
  private tooSlowSince: number | undefined;
  private frame = 0;
  private nextAt = -Infinity;

  constructor(private readonly sourceFps: number) {
    this.load = { maskEvery: 1, fps: sourceFps };
  }

  get current(): Load {
    return this.load;
  }

  /** Whether it has been too slow for 15 pictures a second for so long that it will not become faster. */
  isTooSlow(now: number): boolean {
    return this.tooSlowSince !== undefined && now - this.tooSlowSince > calmMs;
  }

  /** What to do with the picture that came now. */
  decide(now: number): 'skip' | 'reuse' | 'mask' {
    const interval = 1000 / this.load.fps;
    // Sources are not exact: a picture that is a little early is not one too many.
    if (this.load.fps < this.sourceFps && now < this.nextAt - interval / 4) return 'skip';
    this.nextAt = Math.max(this.nextAt + interval, now);
    this.frame += 1;
    return this.frame % this.load.maskEvery === 0 || this.frame === 1 ? 'mask' : 'reuse';
  }

  /** `maskMs` is absent for a picture in which nobody was looked for. */
  spent(composeMs: number, maskMs: number | undefined, now: number): void {
    const { costs } = this;
    const blend = (old: number, value: number) => old + smoothing * (value - old);
    this.costs = costs
      ? { composeMs: blend(costs.composeMs, composeMs), maskMs: maskMs === undefined ? costs.maskMs : blend(costs.maskMs, maskMs) }
      : { composeMs, maskMs: maskMs ?? 0 };
    this.adapt(now);
  }

  private adapt(now: number): void {
    const wanted = chooseLoad(this.costs!, this.sourceFps);
    if (!wanted) {
      this.tooSlowSince ??= now;
      this.load = steps(this.sourceFps).at(-1)!;
      return;
    }
    this.tooSlowSince = undefined;
    const rank = (load: Load) => steps(this.sourceFps).findIndex(({ maskEvery, fps }) => maskEvery === load.maskEvery && fps === load.fps);
    if (rank(wanted) > rank(this.load)) {
      this.load = wanted;
      this.cheaperSince = undefined;
    } else if (rank(wanted) === rank(this.load)) {
      this.cheaperSince = undefined;
    } else {
      this.cheaperSince ??= now;
      if (now - this.cheaperSince < calmMs) return;
      this.load = wanted;
      this.cheaperSince = undefined;
    }
  }
}
