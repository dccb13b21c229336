// Chromium with a fake camera and microphone, one process for each user, and what a test looks at inside of a page.
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { writeFace } from './faces.mjs';
import { writeVoice } from './voice.mjs';

const executablePath = process.env.TURMS_CHROMIUM ?? '/usr/bin/chromium';

/** Everything that the page does is to be done within this time. */
export const patienceMs = 20_000;

export class Browsers {
  #directory;
  #browsers = new Map();
  pages = [];

  /** What a user's microphone hears, where it is not their voice: writes it to a path. */
  voices = {};

  constructor(filmOptions) {
    this.filmOptions = filmOptions;
  }

  /** A new page of a user, with storage of its own. */
  async page(user, origin, options = {}) {
    const browser = await this.#browser(user);
    const context = await browser.newContext({
      viewport: { width: 1280, height: 800 },
      locale: 'en-GB',
      permissions: ['camera', 'microphone'],
      ...options,
    });
    await context.addInitScript(watchPeerConnections);
    const page = await context.newPage();
    page.setDefaultTimeout(patienceMs);
    page.complaints = [];
    page.on('pageerror', (error) => page.complaints.push(`uncaught: ${error.message}`));
    page.on('console', (message) => {
      if (/Content.Security.Policy/i.test(message.text())) page.complaints.push(message.text());
    });
    this.pages.push({ user, page });
    await page.goto(`${origin}/`);
    return page;
  }

  async close() {
    await Promise.all([...this.#browsers.values()].map((browser) => browser.close()));
    if (this.#directory) await rm(this.#directory, { recursive: true, force: true });
  }

  async screenshots(directory, name) {
    await mkdir(directory, { recursive: true });
    for (const [index, { user, page }] of this.pages.entries()) {
      if (page.isClosed()) continue;
      await page.screenshot({ path: join(directory, `${name}-${index}-user${user}.png`) }).catch(() => {});
    }
  }

  async #browser(user) {
    const known = this.#browsers.get(user);
    if (known) return known;
    this.#directory ??= await mkdtemp(join(tmpdir(), 'turms-e2e-films-'));
    const film = join(this.#directory, `${user}.y4m`);
    const voice = join(this.#directory, `${user}.wav`);
    await Promise.all([writeFace(film, user, this.filmOptions), (this.voices[user] ?? writeVoice)(voice, user)]);
    const browser = await chromium.launch({
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--use-fake-device-for-media-stream',
        '--use-fake-ui-for-media-stream',
        `--use-file-for-fake-video-capture=${film}`,
        `--use-file-for-fake-audio-capture=${voice}`,
        '--auto-select-desktop-capture-source=Entire screen',
        '--autoplay-policy=no-user-gesture-required',
      ],
    });
    this.#browsers.set(user, browser);
    return browser;
  }
}

/** Runs in the page before its own code: keeps its peer connections, so that their statistics can be asked. */
function watchPeerConnections() {
  const peers = [];
  window.e2ePeers = peers;
  // The machine that runs the tests is busy with them, and a page that knew it would do less.
  delete window.PressureObserver;
  window.RTCPeerConnection = new Proxy(window.RTCPeerConnection, {
    construct(target, args, self) {
      const peer = Reflect.construct(target, args, self);
      peers.push(peer);
      return peer;
    },
  });
}

/** The statistics of what is received, of the peer connections that are still open. */
export function receivedStreams(page) {
  return page.evaluate(async () => {
    const streams = [];
    for (const peer of window.e2ePeers) {
      if (peer.connectionState === 'closed') continue;
      for (const stats of (await peer.getStats()).values()) {
        if (stats.type !== 'inbound-rtp') continue;
        const { kind, trackIdentifier, framesDecoded, totalAudioEnergy, packetsReceived, frameWidth, frameHeight } = stats;
        streams.push({ kind, trackIdentifier, framesDecoded, totalAudioEnergy, packetsReceived, frameWidth, frameHeight });
      }
    }
    return streams;
  });
}

/** A video that shows nothing for so long is looked for again: the page may have made another element for it. */
const noPictureMs = 5_000;

/**
 * Watches a video until it showed two pictures that differ; returns the colour of its upper corners, the size of its
 * pictures, and how many were decoded between the two. Fails when it shows none within a minute.
 */
export async function watchVideo(video) {
  const end = Date.now() + 3 * patienceMs;
  do {
    const seen = await watchElement(video);
    if (seen) return seen;
  } while (Date.now() < end);
  throw new Error('the video showed no picture');
}

/** The same for the element that is there now; null when no picture comes, as after it left the page. */
function watchElement(video) {
  return video.evaluate(async (element, noPictureMs) => {
    const canvas = new OffscreenCanvas(64, 36);
    const context = canvas.getContext('2d', { willReadFrequently: true });
    const nextFrame = () =>
      new Promise((done) => {
        const none = setTimeout(done, noPictureMs, null);
        element.requestVideoFrameCallback((_, frame) => {
          clearTimeout(none);
          done(frame);
        });
      });
    const draw = () => {
      context.drawImage(element, 0, 0, 64, 36);
      return context.getImageData(0, 0, 64, 36).data;
    };
    const differ = (a, b) => {
      let changed = 0;
      for (let i = 0; i < a.length; i += 4) if (Math.abs(a[i] - b[i]) + Math.abs(a[i + 1] - b[i + 1]) > 24) changed += 1;
      return changed;
    };
    const first = await nextFrame();
    if (!first) return null;
    const before = draw();
    let frame = first;
    let after = before;
    do {
      frame = await nextFrame();
      if (!frame) return null;
      after = draw();
    } while (differ(before, after) < 12);
    const colour = [0, 0, 0];
    let count = 0;
    for (const x of [2, 3, 4, 5, 58, 59, 60, 61]) {
      for (const y of [3, 4, 5]) {
        for (let c = 0; c < 3; c += 1) colour[c] += after[(y * 64 + x) * 4 + c];
        count += 1;
      }
    }
    return {
      colour: colour.map((sum) => Math.round(sum / count)),
      frames: frame.presentedFrames - first.presentedFrames,
      width: element.videoWidth,
      height: element.videoHeight,
    };
  }, noPictureMs);
}
