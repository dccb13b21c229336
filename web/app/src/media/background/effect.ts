import modelAddress from '@mediapipe/selfie_segmentation/selfie_segmentation_landscape.tflite?url';
import type { Effect } from '../pipeline';
import codeAddress from './gen/segmentation.wasm?url';
import type { EffectReport, FromWorker, ToWorker } from './messages';

/** What is to be behind the person. `address` of a picture of the same origin or its data. */
export type Background = { kind: 'blur' } | { kind: 'picture'; address: string };

export interface BackgroundListener {
  onReport(report: EffectReport | undefined): void;
  /** It has been given up: the device is too slow, or something broke. */
  onLost(reason: 'tooSlow' | 'failed'): void;
}

interface TrackStreams {
  readable: ReadableStream<VideoFrame>;
  writable: WritableStream<VideoFrame>;
  track: MediaStreamTrack;
}

declare const MediaStreamTrackProcessor: undefined | (new (init: { track: MediaStreamTrack }) => { readable: ReadableStream<VideoFrame> });
declare const MediaStreamTrackGenerator:
  | undefined
  | (new (init: { kind: 'video' }) => MediaStreamTrack & { writable: WritableStream<VideoFrame> });

const startTimeoutMs = 20_000;
/** Where pictures are taken from a video element, no more than these a second. */
const fallbackFps = 24;

/** Replaces what is behind a person in the camera's pictures. In a worker, which does the work. */
export class BackgroundEffect implements Effect<Background> {
  private readonly worker: Worker;
  private stopSource = () => {};
  private waiting: ((message: FromWorker) => void) | undefined;
  private onPicture: ((picture: ImageBitmap | undefined) => void) | undefined;

  constructor(private readonly listener: BackgroundListener) {
    this.worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    this.worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.onMessage(data);
    this.worker.onerror = () => this.onMessage({ kind: 'failed', message: 'the worker ended' });
  }

  async start(source: MediaStreamTrack, background: Background): Promise<MediaStreamTrack> {
    // Addresses are relative to the page, and the worker is elsewhere.
    const absolute = (address: string) => new URL(address, document.baseURI).href;
    await this.ask({ kind: 'start', code: absolute(codeAddress), model: absolute(modelAddress) });
    await this.change(background);
    return this.changeSource(source);
  }

  async change(background: Background): Promise<void> {
    const behind = background.kind === 'blur' ? ('blur' as const) : await loadPicture(background.address);
    await this.ask({ kind: 'behind', behind }, behind === 'blur' ? [] : [behind]);
  }

  async changeSource(source: MediaStreamTrack): Promise<MediaStreamTrack> {
    this.stopSource();
    const streams = streamsOf(source);
    if (!streams) return this.throughElement(source);
    const { readable, writable, track } = streams;
    this.post({ kind: 'streams', readable, writable, fps: source.getSettings().frameRate }, [
      readable as unknown as Transferable,
      writable as unknown as Transferable,
    ]);
    this.stopSource = () => track.stop();
    return track;
  }

  async stop(): Promise<void> {
    this.stopSource();
    this.worker.terminate();
    this.listener.onReport(undefined);
  }

  private post(message: ToWorker, transfer: Transferable[] = []): void {
    this.worker.postMessage(message, transfer);
  }

  private ask(message: ToWorker, transfer: Transferable[] = []): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.waiting?.({ kind: 'failed', message: 'no answer' }), startTimeoutMs);
      this.waiting = (answer) => {
        clearTimeout(timer);
        this.waiting = undefined;
        if (answer.kind === 'failed') reject(new Error(answer.message));
        else resolve();
      };
      this.post(message, transfer);
    });
  }

  private onMessage(message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        this.waiting?.(message);
        break;
      case 'report':
        this.listener.onReport(message);
        break;
      case 'picture':
        this.onPicture?.(message.picture);
        break;
      case 'tooSlow':
        this.listener.onLost('tooSlow');
        break;
      case 'failed':
        if (this.waiting) this.waiting(message);
        else this.listener.onLost('failed');
    }
  }

  /** For browsers that do not give a track's pictures as a stream. */
  private async throughElement(source: MediaStreamTrack): Promise<MediaStreamTrack> {
    const video = document.createElement('video');
    video.muted = true;
    video.playsInline = true;
    video.srcObject = new MediaStream([source]);
    await video.play();
    const canvas = document.createElement('canvas');
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    const context = canvas.getContext('bitmaprenderer');
    const [track] = canvas.captureStream().getVideoTracks();
    if (!context || !track) throw new Error('no canvas');
    let isBusy = false;
    this.onPicture = (picture) => {
      isBusy = false;
      if (picture) context.transferFromImageBitmap(picture);
    };
    // Not by requestVideoFrameCallback, which stops while the page is hidden.
    const timer = setInterval(() => {
      if (isBusy || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
      isBusy = true;
      createImageBitmap(video).then(
        (picture) => this.post({ kind: 'picture', picture }, [picture]),
        () => {
          isBusy = false;
        },
      );
    }, 1000 / fallbackFps);
    this.stopSource = () => {
      clearInterval(timer);
      video.srcObject = null;
      track.stop();
    };
    return track;
  }
}

/** Whether this browser can do it at all. */
export function isBackgroundSupported(): boolean {
  return typeof Worker !== 'undefined' && typeof OffscreenCanvas !== 'undefined' && typeof WebAssembly !== 'undefined';
}

function streamsOf(source: MediaStreamTrack): TrackStreams | undefined {
  if (typeof MediaStreamTrackProcessor === 'undefined' || typeof MediaStreamTrackGenerator === 'undefined') return undefined;
  const { readable } = new MediaStreamTrackProcessor({ track: source });
  const track = new MediaStreamTrackGenerator({ kind: 'video' });
  return { readable, writable: track.writable, track };
}

/** No larger than a camera's picture. */
async function loadPicture(address: string): Promise<ImageBitmap> {
  const image = new Image();
  image.src = address;
  await image.decode();
  const scale = Math.min(1, 1280 / image.naturalWidth);
  return createImageBitmap(image, {
    resizeWidth: Math.max(1, Math.round(image.naturalWidth * scale)),
    resizeHeight: Math.max(1, Math.round(image.naturalHeight * scale)),
  });
}
