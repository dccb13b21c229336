// Browsers on the clients' side of a link, and their pages.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { within } from '../../../e2e/lib/runner.mjs';
import { inside } from './link.mjs';

const host = fileURLToPath(new URL('page_host.mjs', import.meta.url));
const answerTimeoutMs = 60_000;

export class Browser {
  #child;
  #asked = new Map();
  #nextId = 0;

  /** `kind`: 'chromium' or 'firefox'; `net`: the namespace, or none; `film` and `voice`: files for its fake devices. */
  static async launch({ kind = 'chromium', net, film, voice } = {}) {
    const browser = new Browser();
    const [program, ...args] = inside(net, [process.execPath, host]);
    // The channel's descriptor passes through nsenter, which becomes the other program.
    browser.#child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    browser.#child.on('message', ({ id, value, error }) => {
      const asked = browser.#asked.get(id);
      browser.#asked.delete(id);
      if (error) asked?.failed(new Error(error));
      else asked?.done(value);
    });
    browser.#child.on('exit', () => {
      for (const { failed } of browser.#asked.values()) failed(new Error('the browser’s process ended'));
      browser.#asked.clear();
    });
    await browser.ask('launch', { kind, film, voice });
    return browser;
  }

  ask(op, options = {}) {
    const id = (this.#nextId += 1);
    const answer = new Promise((done, failed) => {
      this.#asked.set(id, { done, failed });
      this.#child.send({ id, op, ...options }, (error) => error && failed(error));
    });
    return within(answer, answerTimeoutMs, op);
  }

  async open() {
    const page = await this.ask('open');
    return { evaluate: (body, ...args) => this.ask('evaluate', { page, source: `${body}`, args }) };
  }

  async close() {
    await this.ask('close').catch(() => {});
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((done) => this.#child.once('exit', done));
    this.#child.disconnect();
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(late);
  }
}
