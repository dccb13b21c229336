import rnnoiseAddress from '@sapphi-red/web-noise-suppressor/rnnoise.wasm?url';
import rnnoiseSimdAddress from '@sapphi-red/web-noise-suppressor/rnnoise_simd.wasm?url';
import workletAddress from '@sapphi-red/web-noise-suppressor/rnnoiseWorklet.js?url';
import { loadRnnoise, RnnoiseWorkletNode } from '@sapphi-red/web-noise-suppressor';
import type { Effect } from './pipeline';

/** The rate that RNNoise knows. */
const sampleRate = 48_000;

let context: AudioContext | undefined;
let code: Promise<ArrayBuffer> | undefined;

/** The one context of the page in which microphones are worked on. */
export function suppressionContext(): AudioContext {
  context ??= new AudioContext({ sampleRate, latencyHint: 'interactive' });
  return context;
}

/** What is loaded once, and again only when that failed. */
async function load(within: AudioContext): Promise<ArrayBuffer> {
  code ??= within.audioWorklet
    .addModule(workletAddress)
    .then(() => loadRnnoise({ url: rnnoiseAddress, simdUrl: rnnoiseSimdAddress }));
  try {
    return await code;
  } catch (error) {
    code = undefined;
    throw error;
  }
}

/** Takes the noise out of a voice, in an AudioWorklet. It delays the sound by one block of 10 ms. */
export class SuppressionEffect implements Effect<'suppress'> {
  private node: RnnoiseWorkletNode | undefined;
  private source: MediaStreamAudioSourceNode | undefined;
  private output: MediaStreamAudioDestinationNode | undefined;

  async start(source: MediaStreamTrack): Promise<MediaStreamTrack> {
    const within = suppressionContext();
    const wasmBinary = await load(within);
    // A page that nobody clicked in yet is asked again by the browser's own rules.
    void within.resume().catch(() => {});
    this.node = new RnnoiseWorkletNode(within, { maxChannels: 1, wasmBinary });
    this.output = new MediaStreamAudioDestinationNode(within, { channelCount: 1 });
    this.node.connect(this.output);
    return this.changeSource(source);
  }

  async changeSource(source: MediaStreamTrack): Promise<MediaStreamTrack> {
    const { node, output } = this;
    const [track] = output?.stream.getAudioTracks() ?? [];
    if (!node || !track) throw new Error('not started');
    this.source?.disconnect();
    this.source = new MediaStreamAudioSourceNode(suppressionContext(), { mediaStream: new MediaStream([source]) });
    this.source.connect(node);
    return track;
  }

  async change(): Promise<void> {}

  async stop(): Promise<void> {
    this.source?.disconnect();
    this.node?.disconnect();
    this.node?.destroy();
  }
}

/** Whether this browser can do it at all. */
export function isSuppressionSupported(): boolean {
  return typeof AudioWorkletNode !== 'undefined' && typeof WebAssembly !== 'undefined';
}
