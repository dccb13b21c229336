// A link, a server on one side of it, and browsers on either side.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccessToken } from 'livekit-server-sdk';
import { eventually } from '../../../e2e/lib/runner.mjs';
import { writeVoice } from '../../../e2e/lib/voice.mjs';
import { Browser } from './browser.mjs';
import { writeFilm } from './film.mjs';
import { everythingSeen, look, ownQualities, publish, secondsShortOfCpu, useProxy, watch } from './in_page.mjs';
import { inside, Link } from './link.mjs';
import { apiKey, apiSecret, startServer } from './servers.mjs';
import { writeTrace } from './trace.mjs';

const room = 'links';
/** A picture that does not come at all is a failure; how soon it comes is a figure. */
const pictureTimeoutMs = 60_000;

let media;
/** Film and sound for the fake devices, made once. */
async function fakeMedia() {
  media ??= (async () => {
    const directory = await mkdtemp(join(tmpdir(), 'turms-links-media-'));
    const files = { directory, large: join(directory, 'large.y4m'), small: join(directory, 'small.y4m'), voice: join(directory, 'voice.wav') };
    await writeFilm(files.large);
    await writeFilm(files.small, { width: 320, height: 180, fps: 10 });
    await writeVoice(files.voice, 2);
    return files;
  })();
  return media;
}

export async function removeMedia() {
  if (media) await rm((await media).directory, { recursive: true, force: true });
  media = undefined;
}

async function token(identity) {
  const out = new AccessToken(apiKey, apiSecret, { identity, ttl: '30m' });
  out.addGrant({ roomJoin: true, room });
  return out.toJwt();
}

/** What a page has seen, as its functions tell. */
class Watcher {
  constructor(page) {
    this.page = page;
  }

  look(identity = 'publisher') {
    return this.page.evaluate(look, identity);
  }

  /** Waits for the picture of a publisher, at least that wide. */
  async sees(identity = 'publisher', width = 1, timeoutMs = pictureTimeoutMs) {
    await eventually(async () => (await this.look(identity)).width >= width, `the picture of ${identity}, ${width} wide`, timeoutMs);
  }

  async everything() {
    const seen = await this.page.evaluate(everythingSeen);
    return { ...seen, frames: { publisher: [], ...seen.frames } };
  }
}

export class World {
  #closers = [];
  #browsers = new Map();
  #publishers = [];

  /**
   * `options`: `server` (see servers.mjs); `mode`: 'tun' or 'udp'; `browser`: that of watchers. `profile` is that of the link
   * between watchers and server.
   */
  static async make({ server = 'turms', mode = 'tun', browser = 'chromium', profile = {}, seed = 1 }) {
    const world = new World();
    world.mode = mode;
    world.browserKind = browser;
    world.seed = seed;
    try {
      await world.#make(server, profile);
    } catch (error) {
      await world.close();
      throw error;
    }
    return world;
  }

  async #make(kind, profile) {
    if (this.mode === 'tun') this.link = this.#later(await Link.tun({ profile, seed: this.seed }));
    this.server = this.#later(await startServer({ kind, net: this.link?.serverNet, ip: this.link?.serverIp ?? '127.0.0.1' }));
    this.link ??= this.#later(await Link.udp({ port: this.server.udpPort, profile, seed: this.seed }));
  }

  #later(what) {
    this.#closers.unshift(() => (what.stop ? what.stop() : what.close()));
    return what;
  }

  /** One browser for each place and film, since each takes memory and a second to start. */
  #browser(net, kind, film) {
    const key = `${net} ${kind} ${film}`;
    if (!this.#browsers.has(key)) {
      const launching = fakeMedia()
        .then((files) => Browser.launch({ net, kind, film: files[film], voice: files.voice }))
        .then((browser) => this.#later(browser));
      this.#browsers.set(key, launching);
    }
    return this.#browsers.get(key);
  }

  async #open(net, link, kind, film = 'large') {
    const page = await (await this.#browser(net, kind, film)).open();
    if (this.mode === 'udp' && link) await page.evaluate(useProxy, this.server.udpPort, link.port);
    return page;
  }

  /** Another link to the same server, for a publisher behind one. */
  async addLink(profile, subnet = '10.77.2') {
    const options = { profile, seed: this.seed + 2 };
    return this.#later(
      await (this.mode === 'tun' ? Link.tun({ ...options, subnet, near: this.link }) : Link.udp({ ...options, port: this.server.udpPort })),
    );
  }

  /** Publishes camera and microphone beside the server, or from behind a link. */
  async publisher(identity = 'publisher', { link, width = 1280, height = 720, fps = 20, audio = true } = {}) {
    const page = await this.#open(link ? link.clientNet : this.link.serverNet, link, 'chromium', width < 1280 ? 'small' : 'large');
    await page.evaluate(publish, this.server.url, await token(identity), { width, height, fps, audio });
    this.#publishers.push(page);
    return { qualities: () => page.evaluate(ownQualities) };
  }

  /** For how long the machine was too slow for an encoder, so that figures say less: the longest, in seconds. */
  async secondsShortOfCpu() {
    return Math.max(...(await Promise.all(this.#publishers.map((page) => page.evaluate(secondsShortOfCpu)))));
  }

  /** Watches from behind the link, or beside the server. */
  async watcher({ pinned, unshaped = false } = {}) {
    const page = await this.#open(unshaped ? this.link.serverNet : this.link.clientNet, unshaped ? undefined : this.link, unshaped ? 'chromium' : this.browserKind);
    await page.evaluate(watch, this.server.url, await token('watcher'), { pinned });
    this.watching = new Watcher(page);
    return this.watching;
  }

  /** Begins to download from the server's side over TCP, as fast as the link lets it; returns what ends it. Only between namespaces. */
  async download() {
    const address = JSON.stringify([5001, this.link.serverIp]).slice(1, -1);
    const give = `require('net').createServer((s) => { const more = () => { while (s.write(Buffer.alloc(65536))); }; s.on('drain', more).on('error', () => {}); more(); }).listen(${address})`;
    const take = `const connect = () => require('net').connect(${address}).on('error', () => setTimeout(connect, 50)).resume(); connect()`;
    const children = [[this.link.serverNet, give], [this.link.clientNet, take]].map(([net, code]) => {
      const [program, ...args] = inside(net, [process.execPath, '-e', code]);
      return spawn(program, args, { stdio: 'ignore' });
    });
    const ended = Promise.all(children.map((child) => new Promise((done) => child.once('exit', done))));
    const stop = () => {
      for (const child of children) child.kill();
      return ended;
    };
    this.#closers.unshift(stop);
    return stop;
  }

  /** Writes what was seen over time to PREFIX.csv (of the pinned picture, where there are several), and the server's log. */
  async trace(prefix) {
    const seen = await this.watching.everything();
    const series = this.link.between(0, Infinity);
    await writeTrace(`${prefix}.csv`, seen, series, seen.frames.pinned ? 'pinned' : 'publisher');
    await writeFile(`${prefix}.log`, `${this.server.log().join('\n')}\n`);
  }

  async close() {
    for (const close of this.#closers.splice(0)) await close().catch((error) => console.error(`note  ${error.message}`));
  }
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));
