// The shaped link as a process: a TUN link between two namespaces that it makes, or a proxy before a UDP port.
import { spawn } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../../..');
const startTimeoutMs = 10_000;
/** What the program says when it may make neither namespaces nor devices. */
const noRights = 3;

/** The programs are those of one build. */
export const serverBinary = process.env.TURMS_BINARY ?? join(root, 'build/release/turms');
const linkBinary = process.env.TURMS_LINK_BINARY ?? join(dirname(serverBinary), 'tests/link/turms_shaped_link');

export class NoRights extends Error {}

export class Link {
  #child;
  #base = Infinity;
  #changes = [];
  /** Counters over time: { at, up, down }, `at` in milliseconds since 1970. */
  series = [];

  /** Between namespaces; `near` is a link whose server this one leads to as well. */
  static tun({ subnet = '10.77.1', near, profile = {}, seed = 1 } = {}) {
    const joined = near ? ['--server-net', near.serverNet] : [];
    return Link.#start(profile, seed, ['tun', '--subnet', subnet, ...joined]);
  }

  /** Before the UDP port of a server on this machine. */
  static udp({ port, profile = {}, seed = 1 }) {
    return Link.#start(profile, seed, ['udp', '--to', `127.0.0.1:${port}`]);
  }

  static async #start(profile, seed, args) {
    const link = new Link();
    const ready = await link.#run(['--profile', JSON.stringify(profile), '--seed', `${seed}`, ...args]);
    link.serverNet = ready.server_net;
    link.clientNet = ready.client_net;
    link.serverIp = ready.server_ip ?? '127.0.0.1';
    link.port = ready.port;
    return link;
  }

  #run(args) {
    const child = spawn(linkBinary, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    child.stdin.on('error', () => {});
    let complaint = '';
    child.stderr.on('data', (data) => (complaint += data));
    return new Promise((done, failed) => {
      const late = setTimeout(() => failed(new Error('the link did not get ready in time')), startTimeoutMs);
      child.once('error', failed);
      child.once('exit', (code) => {
        clearTimeout(late);
        const what = `${linkBinary}: ${complaint.trim() || `ended with ${code}`}`;
        for (const change of this.#changes.splice(0)) change.failed(new Error(what));
        failed(code === noRights ? new NoRights(complaint.trim()) : new Error(what));
      });
      createInterface({ input: child.stdout }).on('line', (line) => {
        const event = JSON.parse(line);
        if (event.event === 'ready') {
          clearTimeout(late);
          done(event);
        } else {
          this.#take(event);
        }
      });
    });
  }

  #take(event) {
    if (event.event === 'counters') {
      // The smallest difference between the two clocks is that of the line which was read at once.
      this.#base = Math.min(this.#base, Date.now() - event.t_ms);
      this.series.push({ t: event.t_ms, up: event.up, down: event.down });
    } else if (event.event === 'changed') {
      this.#changes.shift()?.done(Date.now());
    } else if (event.event === 'error') {
      this.#changes.shift()?.failed(new Error(`the link refused: ${event.message}`));
    }
  }

  /** Changes the link now, as { up, down, both } with the keys of tests/link/change.h; returns when that was. */
  change(change) {
    return new Promise((done, failed) => {
      this.#changes.push({ done, failed });
      this.#child.stdin.write(`${JSON.stringify(change)}\n`);
    });
  }

  /** The counters between two moments, with times in milliseconds since 1970. */
  between(from, to) {
    return this.series.map((entry) => ({ ...entry, at: this.#base + entry.t })).filter(({ at }) => at >= from && at <= to);
  }

  async stop() {
    if (this.#child.exitCode !== null) return;
    const ended = new Promise((done) => this.#child.once('exit', done));
    this.#child.stdin.end();
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(late);
  }
}

/** The command that runs another one in a namespace; as it is where there is none. */
export function inside(net, command) {
  return net ? ['nsenter', `--net=${net}`, '--', ...command] : command;
}
