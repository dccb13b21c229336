import type { Behind } from './compositor';

export type ToWorker =
  | { kind: 'start'; code: string; model: string }
  | { kind: 'behind'; behind: Behind }
  /** Where the browser gives the pictures of a track as a stream. */
  | { kind: 'streams'; readable: ReadableStream<VideoFrame>; writable: WritableStream<VideoFrame>; fps: number | undefined }
  /** Where it does not: one picture, answered with one. */
  | { kind: 'picture'; picture: ImageBitmap };

/** How it goes, each second. */
export interface EffectReport {
  fps: number;
  /** By how much the effect delays a picture. */
  latencyMs: number;
  maskEvery: number;
  /** Whether less is done than looks best, because the device is slow. */
  isReduced: boolean;
  compositor: 'webgl' | 'plain';
}

export type FromWorker =
  | { kind: 'ready' }
  | ({ kind: 'report' } & EffectReport)
  /** It cannot make 15 pictures a second. */
  | { kind: 'tooSlow' }
  | { kind: 'picture'; picture?: ImageBitmap }
  | { kind: 'failed'; message: string };
