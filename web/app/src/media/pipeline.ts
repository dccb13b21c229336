/** What changes a device's track on its way into the room: a background, less noise. */
export interface Effect<Wish> {
  /** Begins with this source; resolves with the track to send in its place. Rejects when it cannot. */
  start(source: MediaStreamTrack, wish: Wish): Promise<MediaStreamTrack>;
  /** Goes on with another source, as when another camera is chosen; resolves with the track to send. */
  changeSource(source: MediaStreamTrack): Promise<MediaStreamTrack>;
  /** Does something else from the next frame or sample on, without another track. */
  change(wish: Wish): Promise<void>;
  stop(): Promise<void>;
}

/** An effect in the form in which LiveKit puts one between a device and the room. */
export interface Processor {
  name: string;
  processedTrack?: MediaStreamTrack;
  init(options: { track: MediaStreamTrack }): Promise<void>;
  restart(options: { track: MediaStreamTrack }): Promise<void>;
  destroy(): Promise<void>;
}

/** A published device, as LiveKit has it. Its processor does not outlive it. */
export interface PublishedDevice {
  getProcessor(): unknown;
  setProcessor(processor: Processor): Promise<void>;
  stopProcessor(): Promise<void>;
}

/**
 * What lies between one device and the room: device → effect → publish. The source and the effect may change while it is
 * published. Changes that are wished for while one is being made are made afterwards, only the last of them; nothing is
 * published without an effect that is wished for.
 */
export class MediaPipeline<Wish> {
  private wish: Wish | undefined;
  private device: PublishedDevice | undefined;
  private active: EffectProcessor<Wish> | undefined;
  /** What could not be started, which is not tried again by itself. */
  private refused: Wish | undefined;
  private settling: Promise<void> | undefined;

  /**
   * `onFailure` is told why a wished effect does not run. Only when what it returns has settled is the device sent as it
   * is, so that it can be turned off before.
   */
  constructor(
    private readonly name: string,
    private readonly makeEffect: (wish: Wish) => Promise<Effect<Wish>>,
    private readonly onFailure: (error: unknown) => unknown,
  ) {}

  /** The effect from now on; undefined for none. */
  setWish(wish: Wish | undefined): void {
    this.wish = wish;
    this.refused = undefined;
    this.settle();
  }

  /** The effect is put on this device from now on; undefined when it is published no more. */
  setDevice(device: PublishedDevice | undefined): void {
    if (this.device === device) return;
    this.device = device;
    this.settle();
  }

  /** What to capture with, so that not even the first frame goes out without the effect. */
  processorForCapture(): Processor | undefined {
    if (this.wish === undefined) return undefined;
    // What cannot be captured with the effect is not to go on being captured without it.
    this.active = new EffectProcessor(this.name, this.makeEffect, this.wish, (source) => source.stop());
    return this.active;
  }

  /** Resolves when everything that was wished for is done, or has failed. */
  async settled(): Promise<void> {
    await this.settling;
  }

  private settle(): void {
    this.settling ??= this.run();
  }

  private async run(): Promise<void> {
    // What is wished for in the same turn is one change.
    await Promise.resolve();
    try {
      await this.applyAll();
    } finally {
      this.settling = undefined;
    }
  }

  private async applyAll(): Promise<void> {
    for (;;) {
      const { device, wish } = this;
      if (!device) return;
      const isOn = this.active !== undefined && device.getProcessor() === this.active;
      if (wish === undefined || wish === this.refused) {
        if (!isOn) return;
        this.active = undefined;
        await device.stopProcessor().catch(this.onFailure);
      } else if (isOn && this.active?.wish === wish) {
        return;
      } else {
        await this.apply(device, wish, isOn ? this.active : undefined);
      }
    }
  }

  private async apply(device: PublishedDevice, wish: Wish, running: EffectProcessor<Wish> | undefined): Promise<void> {
    try {
      if (running) {
        await running.change(wish);
        return;
      }
      const processor = new EffectProcessor(this.name, this.makeEffect, wish);
      this.active = processor;
      await device.setProcessor(processor);
    } catch (error) {
      this.refused = wish;
      if (this.device === device) await this.onFailure(error);
    }
  }
}

class EffectProcessor<Wish> implements Processor {
  processedTrack?: MediaStreamTrack;
  private effect: Effect<Wish> | undefined;

  constructor(
    readonly name: string,
    private readonly makeEffect: (wish: Wish) => Promise<Effect<Wish>>,
    public wish: Wish,
    private readonly onRefused: (source: MediaStreamTrack) => void = () => {},
  ) {}

  async init({ track }: { track: MediaStreamTrack }): Promise<void> {
    let effect: Effect<Wish> | undefined;
    try {
      effect = await this.makeEffect(this.wish);
      this.processedTrack = await effect.start(track, this.wish);
      this.effect = effect;
    } catch (error) {
      await effect?.stop();
      this.onRefused(track);
      throw error;
    }
  }

  async restart({ track }: { track: MediaStreamTrack }): Promise<void> {
    if (this.effect) this.processedTrack = await this.effect.changeSource(track);
  }

  async change(wish: Wish): Promise<void> {
    await this.effect?.change(wish);
    this.wish = wish;
  }

  async destroy(): Promise<void> {
    await this.effect?.stop();
    this.effect = undefined;
  }
}
