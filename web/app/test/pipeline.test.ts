import { expect, test } from 'vitest';
import { type Effect, MediaPipeline, type Processor, type PublishedDevice } from '../src/media/pipeline';

const track = (id: string) => ({ id }) as MediaStreamTrack;

/** Effects that write down what they are told. */
function studio({ refuse = [] as string[] } = {}) {
  const log: string[] = [];
  const failures: unknown[] = [];
  const makeEffect = async (): Promise<Effect<string>> => ({
    start: async (source, wish) => {
      if (refuse.includes(wish)) throw new Error(`no ${wish}`);
      log.push(`start ${source.id} ${wish}`);
      return track(`${source.id}+${wish}`);
    },
    changeSource: async (source) => {
      log.push(`source ${source.id}`);
      return track(`${source.id}+`);
    },
    change: async (wish) => {
      if (refuse.includes(wish)) throw new Error(`no ${wish}`);
      log.push(`change ${wish}`);
    },
    stop: async () => {
      log.push('stop');
    },
  });
  const pipeline = new MediaPipeline<string>('background', makeEffect, (error) => failures.push(error));
  return { log, failures, pipeline };
}

/** A published device as LiveKit's: `sent` is what goes into the room. */
class Device implements PublishedDevice {
  private processor: Processor | undefined;
  constructor(public source: string) {}
  get sent() {
    return this.processor?.processedTrack?.id ?? this.source;
  }
  getProcessor() {
    return this.processor;
  }
  async setProcessor(processor: Processor) {
    await processor.init({ track: track(this.source) });
    this.processor = processor;
  }
  async stopProcessor() {
    await this.processor?.destroy();
    this.processor = undefined;
  }
  async useSource(source: string) {
    this.source = source;
    await this.processor?.restart({ track: track(source) });
  }
}

test('without an effect the device is sent as it is', async () => {
  const { log, pipeline } = studio();
  const camera = new Device('front');
  pipeline.setDevice(camera);
  await pipeline.settled();
  expect(camera.sent).toBe('front');
  expect(log).toEqual([]);
});

test('an effect begins, changes and ends while the device is published', async () => {
  const { log, pipeline } = studio();
  const camera = new Device('front');
  pipeline.setDevice(camera);
  pipeline.setWish('blur');
  await pipeline.settled();
  expect(camera.sent).toBe('front+blur');
  pipeline.setWish('picture');
  await pipeline.settled();
  expect(camera.sent).toBe('front+blur');
  pipeline.setWish(undefined);
  await pipeline.settled();
  expect(camera.sent).toBe('front');
  expect(log).toEqual(['start front blur', 'change picture', 'stop']);
});

test('the source changes under an effect', async () => {
  const { log, pipeline } = studio();
  const camera = new Device('front');
  pipeline.setDevice(camera);
  pipeline.setWish('blur');
  await pipeline.settled();
  await camera.useSource('back');
  expect(camera.sent).toBe('back+');
  expect(log).toEqual(['start front blur', 'source back']);
});

test('of wishes that come faster than they can be done only the last is done', async () => {
  const { log, pipeline } = studio();
  const camera = new Device('front');
  pipeline.setDevice(camera);
  for (const wish of ['blur', 'picture', undefined, 'beach']) pipeline.setWish(wish);
  await pipeline.settled();
  expect(log).toEqual(['start front beach']);
});

test('a device that is published later has the effect from its first frame on', async () => {
  const { log, pipeline } = studio();
  pipeline.setWish('blur');
  const camera = new Device('front');
  await camera.setProcessor(pipeline.processorForCapture()!);
  expect(camera.sent).toBe('front+blur');
  pipeline.setDevice(camera);
  await pipeline.settled();
  expect(log).toEqual(['start front blur']);
});

test('a device published anew, without its processor, gets the effect again', async () => {
  const { log, pipeline } = studio();
  pipeline.setWish('blur');
  pipeline.setDevice(new Device('front'));
  await pipeline.settled();
  const next = new Device('front');
  pipeline.setDevice(next);
  await pipeline.settled();
  expect(next.sent).toBe('front+blur');
  expect(log).toEqual(['start front blur', 'start front blur']);
});

test('an effect that cannot start is told once, and tried again only when it is wished for again', async () => {
  const { failures, pipeline } = studio({ refuse: ['blur'] });
  const camera = new Device('front');
  pipeline.setDevice(camera);
  pipeline.setWish('blur');
  await pipeline.settled();
  expect(failures).toHaveLength(1);
  pipeline.setDevice(undefined);
  pipeline.setDevice(camera);
  await pipeline.settled();
  expect(failures).toHaveLength(1);
  pipeline.setWish('blur');
  await pipeline.settled();
  expect(failures).toHaveLength(2);
});

test('a change that fails ends the effect rather than showing another one', async () => {
  const { failures, log, pipeline } = studio({ refuse: ['picture'] });
  const camera = new Device('front');
  pipeline.setDevice(camera);
  pipeline.setWish('blur');
  await pipeline.settled();
  pipeline.setWish('picture');
  await pipeline.settled();
  expect(failures).toHaveLength(1);
  expect(camera.sent).toBe('front');
  expect(log).toEqual(['start front blur', 'stop']);
});
