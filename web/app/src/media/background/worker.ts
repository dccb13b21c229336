// Works on the pictures of the camera beside the page, so that neither slows the other down.
import { FrameBudget, isReduced } from './budget';
import { type Behind, type Compositor, makeCompositor, PlainCompositor } from './compositor';
import type { FromWorker, ToWorker } from './messages';
import { SegmentationNetwork } from './network';

const reportEveryMs = 1000;
/** How much of the last mask stays in the next one: without it edges flicker. */
const persistence = 0.35;
/** What a camera gives when it does not say. */
const usualFps = 30;

const send = (message: FromWorker, transfer: Transferable[] = []) => self.postMessage(message, { transfer });

class Studio {
  behind: Behind = 'blur';
  private budget = new FrameBudget(usualFps);
  private compositor: Compositor;
  private readonly sampler: OffscreenCanvasRenderingContext2D;
  private readonly mask: Uint8Array<ArrayBuffer>;
  private sourceFps = usualFps;
  private frames = 0;
  private latencyMs = 0;
  private reportAt = 0;
  private toldTooSlow = false;

  constructor(private readonly network: SegmentationNetwork) {
    const { width, height } = network;
    this.compositor = makeCompositor(network);
    this.sampler = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
    this.mask = new Uint8Array(width * height);
  }

  setSource(fps: number): void {
    this.sourceFps = fps;
    this.budget = new FrameBudget(fps);
  }

  /** The picture with what is behind the person replaced; undefined when this one is left out. */
  process(picture: VideoFrame | ImageBitmap): OffscreenCanvas | undefined {
    const start = performance.now();
    const decision = this.budget.decide(start);
    if (decision === 'skip') return undefined;
    let maskMs: number | undefined;
    if (decision === 'mask') {
      this.findPerson(picture);
      maskMs = performance.now() - start;
    }
    const width = 'displayWidth' in picture ? picture.displayWidth : picture.width;
    const height = 'displayHeight' in picture ? picture.displayHeight : picture.height;
    const mask = decision === 'mask' ? this.mask : undefined;
    try {
      this.compositor.compose(picture, width, height, mask, this.behind);
    } catch (error) {
      if (this.compositor.kind === 'plain') throw error;
      this.compositor = new PlainCompositor(this.network);
      this.compositor.compose(picture, width, height, this.mask, this.behind);
    }
    const end = performance.now();
    this.budget.spent(end - start - (maskMs ?? 0), maskMs, end);
    this.latencyMs += end - start;
    this.frames += 1;
    this.report(end);
    return this.compositor.canvas;
  }

  private findPerson(picture: VideoFrame | ImageBitmap): void {
    const { width, height } = this.network;
    this.sampler.drawImage(picture, 0, 0, width, height);
    const found = this.network.run(this.sampler.getImageData(0, 0, width, height).data);
    for (let i = 0; i < found.length; i += 1) {
      this.mask[i] = Math.round(persistence * this.mask[i]! + (1 - persistence) * 255 * found[i]!);
    }
  }

  private report(now: number): void {
    if (this.reportAt === 0) this.reportAt = now;
    const elapsed = now - this.reportAt;
    if (elapsed < reportEveryMs) return;
    const load = this.budget.current;
    send({
      kind: 'report',
      fps: (1000 * this.frames) / elapsed,
      latencyMs: this.latencyMs / this.frames,
      maskEvery: load.maskEvery,
      isReduced: isReduced(load, this.sourceFps),
      compositor: this.compositor.kind,
    });
    this.frames = 0;
    this.latencyMs = 0;
    this.reportAt = now;
    if (!this.budget.isTooSlow(now) || this.toldTooSlow) return;
    this.toldTooSlow = true;
    send({ kind: 'tooSlow' });
  }
}

let studio: Studio | undefined;

/** Between the track's streams, without the page in between. */
async function pump(readable: ReadableStream<VideoFrame>, writable: WritableStream<VideoFrame>): Promise<void> {
  const reader = readable.getReader();
  const writer = writable.getWriter();
  for (;;) {
    const { done, value: frame } = await reader.read();
    if (done || !frame) break;
    let made: VideoFrame | undefined;
    try {
      const canvas = studio?.process(frame);
      if (canvas) made = new VideoFrame(canvas, { timestamp: frame.timestamp });
    } catch (error) {
      send({ kind: 'failed', message: String(error) });
    } finally {
      frame.close();
    }
    // The writer closes it.
    if (made) await writer.write(made).catch(() => made.close());
  }
  await writer.close().catch(() => {});
}

async function start({ code, model }: { code: string; model: string }): Promise<void> {
  const load = async (address: string) => {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
    return answer.arrayBuffer();
  };
  const [codeBytes, modelBytes] = await Promise.all([load(code), load(model)]);
  studio = new Studio(await SegmentationNetwork.create(codeBytes, new Uint8Array(modelBytes)));
}

self.onmessage = async ({ data }: MessageEvent<ToWorker>) => {
  try {
    switch (data.kind) {
      case 'start':
        await start(data);
        send({ kind: 'ready' });
        break;
      case 'behind':
        if (studio) studio.behind = data.behind;
        send({ kind: 'ready' });
        break;
      case 'streams':
        studio?.setSource(data.fps ?? usualFps);
        void pump(data.readable, data.writable);
        break;
      case 'picture': {
        const canvas = studio?.process(data.picture);
        data.picture.close();
        const made = canvas && (await createImageBitmap(canvas));
        send({ kind: 'picture', ...(made && { picture: made }) }, made ? [made] : []);
        break;
      }
    }
  } catch (error) {
    send({ kind: 'failed', message: String(error) });
  }
};
