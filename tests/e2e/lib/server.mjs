// Starts the server under test, and a real LiveKit server when asked for one: on free loopback ports, with a data
// directory of their own.
import { execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const startTimeoutMs = 20_000;
const stopTimeoutMs = 15_000;

/** A UDP port of the loopback address that was free a moment ago. */
export async function freeUdpPort() {
  const socket = createSocket('udp4');
  await new Promise((done) => socket.bind(0, '127.0.0.1', done));
  const { port } = socket.address();
  await new Promise((done) => socket.close(done));
  return port;
}

/** The first of so many UDP ports in a row that were free a moment ago. */
export async function freeUdpPorts(count) {
  for (let tries = 0; tries < 100; tries += 1) {
    const first = await freeUdpPort();
    const sockets = Array.from({ length: count }, () => createSocket('udp4'));
    const bound = await Promise.allSettled(
      sockets.map(
        (socket, i) =>
          new Promise((done, failed) => {
            socket.once('error', failed);
            if (first + i > 65_535) failed(new Error('no such port'));
            else socket.bind(first + i, '127.0.0.1', done);
          }),
      ),
    );
    await Promise.all(sockets.map((socket) => new Promise((done) => socket.close(done))));
    if (bound.every(({ status }) => status === 'fulfilled')) return first;
  }
  throw new Error(`no ${count} UDP ports in a row are free`);
}

/** A TCP port that was free a moment ago. */
export async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

/** Runs a program; resolves when `isReady` says so of a line of its output. */
export async function start(name, program, args, isReady) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const log = [];
  const ended = new Promise((done) => {
    child.once('error', (error) => done(`${name}: ${error.message}`));
    child.once('exit', (code, signal) => done(`${name} ended with ${signal ?? code}`));
  });
  const ready = new Promise((done) => {
    const read = (stream) =>
      createInterface({ input: stream }).on('line', (line) => {
        log.push(line);
        if (log.length > 2000) log.shift();
        const answer = isReady(line);
        if (answer) done({ answer });
      });
    read(child.stdout);
    read(child.stderr);
  });
  const timeout = new Promise((done) => setTimeout(done, startTimeoutMs, `${name} did not get ready in time`).unref());
  const outcome = await Promise.race([ready, ended, timeout]);
  if (typeof outcome === 'string') {
    child.kill('SIGKILL');
    throw new Error(`${outcome}\n${log.slice(-30).join('\n')}`);
  }
  return {
    answer: outcome.answer,
    isRunning: () => child.exitCode === null && child.signalCode === null,
    log,
    pid: child.pid,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      const late = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
      const how = await ended;
      clearTimeout(late);
      return how;
    },
  };
}

/** The server's ready line as an object; undefined for any other line. */
export function readReadyLine(line) {
  try {
    const event = JSON.parse(line);
    return event.event === 'ready' ? event : undefined;
  } catch {
    return undefined;
  }
}

/** A real LiveKit server, as tools/livekit-server makes it. */
export async function startLiveKit(
  binary,
  directory,
  webhookUrl,
  { key = 'e2ekey', secret = 'a-secret-of-this-run-that-is-long-enough' } = {},
) {
  const [port, tcpPort, udpPort] = await Promise.all([freePort(), freePort(), freePort()]);
  const config = join(directory, 'livekit.yaml');
  await writeFile(
    config,
    [
      `port: ${port}`,
      'bind_addresses: ["127.0.0.1"]',
      `rtc: {tcp_port: ${tcpPort}, udp_port: ${udpPort}, node_ip: 127.0.0.1, use_external_ip: false}`,
      `keys: {${key}: ${secret}}`,
      `webhook: {api_key: ${key}, urls: ["${webhookUrl}"]}`,
      'logging: {level: info, json: true}',
      '',
    ].join('\n'),
  );
  const server = await start('livekit', binary, ['--config', config], (line) => line.includes('starting LiveKit server'));
  return { ...server, url: `http://127.0.0.1:${port}`, publicUrl: `ws://127.0.0.1:${port}`, key, secret };
}

/**
 * The server with the demo accounts 1, 2 and 3. `livekit` is the path of a real LiveKit server to hold the meetings;
 * without it the built-in one does.
 */
export async function startTurms({ livekit, settings = {} } = {}) {
  const binary = process.env.TURMS_BINARY ?? join(root, 'build/release/turms');
  const directory = await mkdtemp(join(tmpdir(), 'turms-e2e-'));
  const port = await freePort();
  const media = livekit && (await startLiveKit(livekit, directory, `http://127.0.0.1:${port}/plugins/livekit/webhook`));
  const all = {
    'http.port': port,
    'admin.port': 0,
    'turms.gateway.websocket.port': 0,
    'turms.gateway.tcp.port': 0,
    'livekit.rtc.udp_port': 0,
    'livekit.rtc.tcp_port': -1,
    ...(media && {
      'livekit.enabled': false,
      'plugins.livekit.url': media.url,
      'plugins.livekit.public_url': media.publicUrl,
      'plugins.livekit.api_key': media.key,
      'plugins.livekit.api_secret': media.secret,
    }),
    ...settings,
  };
  const args = ['serve', '--dev', '--data', join(directory, 'data')];
  for (const [key, value] of Object.entries(all)) args.push('--set', `${key}=${value}`);
  const run = () => start('turms', binary, args, readReadyLine);
  let server;
  try {
    server = await run();
  } catch (error) {
    await media?.stop('SIGKILL');
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  return {
    origin: `http://127.0.0.1:${port}`,
    webSocketUrl: `ws://127.0.0.1:${port}/turms`,
    /** Where the media is, when it is not at the origin. */
    mediaUrl: media?.publicUrl,
    /** Of the admin API; another one after each start. */
    get adminUrl() {
      return `http://127.0.0.1:${server.answer.admin}`;
    },
    /** The real LiveKit server: url, key, secret. */
    livekit: media,
    /** What `turms` prints when it is asked about this server by its admin port. */
    async ask(...command) {
      const { stdout } = await promisify(execFile)(binary, [...command, '--url', this.adminUrl]);
      return stdout;
    },
    isRunning: () => server.isRunning(),
    log: () => [...server.log.slice(-60), ...(media ? media.log.slice(-30) : [])],
    /** Ends the process without warning and starts it again on the same data and ports, `away` ms later. */
    async crash({ away = 0 } = {}) {
      await server.stop('SIGKILL');
      if (away > 0) await new Promise((done) => setTimeout(done, away));
      server = await run();
    },
    /** Stops the process without ending it, as when its machine hangs; returns what lets it go on. */
    freeze() {
      process.kill(server.pid, 'SIGSTOP');
      return () => process.kill(server.pid, 'SIGCONT');
    },
    /** Ends the process as an administrator does, and starts it again on the same data and ports. */
    async restart() {
      const how = await server.stop();
      if (how !== 'turms ended with 0') throw new Error(how);
      server = await run();
    },
    async stop() {
      const how = await server.stop();
      // It waits long for participants that are gone with their browsers.
      await media?.stop('SIGKILL');
      await rm(directory, { recursive: true, force: true });
      if (how !== 'turms ended with 0') throw new Error(how);
    },
  };
}
