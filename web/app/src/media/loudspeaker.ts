import { ahead, type Place } from './spatial';

/** Somebody's sound, as LiveKit has it. */
export interface Sound {
  mediaStreamTrack: MediaStreamTrack;
  attach(): HTMLMediaElement;
  detach(element: HTMLMediaElement): unknown;
}

interface Playing {
  identity: string;
  /** The browser brings the sound of a connection only to where an element plays it, were it mute. */
  element: HTMLMediaElement;
  graph?: { source: MediaStreamAudioSourceNode; gain: GainNode; panner: PannerNode };
}

/** So many voices at once are not to be louder than one. */
const limiterSettings: DynamicsCompressorOptions = { threshold: -10, knee: 6, ratio: 20, attack: 0.003, release: 0.15 };
/** A voice moves to another place in this time rather than jumping there; in seconds. */
const moveSeconds = 0.15;

/** Plays the sound of the others: each as it comes, or from where the person is on the screen. */
export class Loudspeaker {
  private readonly playing = new Map<Sound, Playing>();
  private readonly volumes = new Map<string, number>();
  private places: ReadonlyMap<string, Place> = new Map();
  private context: AudioContext | undefined;
  private limiter: DynamicsCompressorNode | undefined;
  private isSpatial = false;
  private sinkId = '';

  play(sound: Sound, identity: string): void {
    const element = sound.attach();
    document.body.append(element);
    this.playing.set(sound, { identity, element });
    this.arrange(sound);
  }

  stop(sound: Sound): void {
    const playing = this.playing.get(sound);
    if (!playing) return;
    this.playing.delete(sound);
    this.disconnect(playing);
    sound.detach(playing.element);
    playing.element.remove();
  }

  /** Stops everything, for good. */
  close(): void {
    for (const sound of [...this.playing.keys()]) this.stop(sound);
    void this.context?.close().catch(() => {});
    this.context = undefined;
  }

  setSpatial(isSpatial: boolean): void {
    if (this.isSpatial === isSpatial) return;
    this.isSpatial = isSpatial;
    for (const sound of this.playing.keys()) this.arrange(sound);
  }

  /** Where each person is; who is not among them is heard from ahead. */
  setPlaces(places: ReadonlyMap<string, Place>): void {
    this.places = places;
    for (const playing of this.playing.values()) this.move(playing);
  }

  volumeOf(identity: string): number {
    return this.volumes.get(identity) ?? 1;
  }

  /** From 0, which is silence, to 1. */
  setVolume(identity: string, volume: number): void {
    this.volumes.set(identity, volume);
    for (const playing of this.playing.values()) if (playing.identity === identity) this.applyVolume(playing);
  }

  /** To be called when the device is changed, and from a click when the browser waited for one. */
  async useDevice(sinkId: string): Promise<void> {
    this.sinkId = sinkId === 'default' ? '' : sinkId;
    await this.applyDevice();
  }

  async resume(): Promise<void> {
    await this.context?.resume();
  }

  private arrange(sound: Sound): void {
    const playing = this.playing.get(sound)!;
    this.disconnect(playing);
    if (this.isSpatial) {
      const { context, limiter } = this.graph();
      const source = new MediaStreamAudioSourceNode(context, { mediaStream: new MediaStream([sound.mediaStreamTrack]) });
      const gain = new GainNode(context);
      const panner = new PannerNode(context, { panningModel: 'HRTF', distanceModel: 'linear', rolloffFactor: 0 });
      source.connect(gain).connect(panner).connect(limiter);
      playing.graph = { source, gain, panner };
      this.move(playing, true);
    }
    this.applyVolume(playing);
  }

  private disconnect(playing: Playing): void {
    playing.graph?.source.disconnect();
    playing.graph?.panner.disconnect();
    delete playing.graph;
  }

  private graph(): { context: AudioContext; limiter: DynamicsCompressorNode } {
    if (!this.context || !this.limiter) {
      this.context = new AudioContext({ latencyHint: 'interactive' });
      this.limiter = new DynamicsCompressorNode(this.context, limiterSettings);
      this.limiter.connect(this.context.destination);
      void this.applyDevice();
    }
    void this.context.resume().catch(() => {});
    return { context: this.context, limiter: this.limiter };
  }

  private async applyDevice(): Promise<void> {
    const context = this.context as (AudioContext & { setSinkId?: (id: string) => Promise<void> }) | undefined;
    await context?.setSinkId?.(this.sinkId).catch(() => {});
  }

  private applyVolume({ element, graph, identity }: Playing): void {
    const volume = this.volumeOf(identity);
    element.muted = graph !== undefined;
    if (graph) graph.gain.gain.value = volume;
    else element.volume = volume;
  }

  private move({ graph, identity }: Playing, atOnce = false): void {
    if (!graph) return;
    const { x, y, z } = this.places.get(identity) ?? ahead;
    const { panner } = graph;
    const now = panner.context.currentTime;
    for (const [parameter, value] of [
      [panner.positionX, x],
      [panner.positionY, y],
      [panner.positionZ, z],
    ] as const) {
      if (atOnce) parameter.value = value;
      else parameter.setTargetAtTime(value, now, moveSeconds / 3);
    }
  }
}
