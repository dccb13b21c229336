// The server under test, tokens and API clients for it, a webhook receiver that checks signatures, and rooms that are
// left at the end of each test. With TURMS_LIVEKIT_BINARY set, the server under test is LiveKit's own: a case that it
// fails is wrong, or is marked as ours alone (see run.mjs).
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { Room, RoomEvent } from '@livekit/rtc-node';
import { AccessToken, RoomServiceClient, TrackSource, WebhookReceiver } from 'livekit-server-sdk';
import { within } from '../../e2e/lib/runner.mjs';
import { freeUdpPorts, startLiveKit, startTurms } from '../../e2e/lib/server.mjs';

export const apiKey = 'devkey';
export const apiSecret = 'secret';

const livekitBinary = process.env.TURMS_LIVEKIT_BINARY;
/** 'turms', or 'livekit' when the suites are held against the original. */
export const underTest = livekitBinary ? 'livekit' : 'turms';

let server;
let receiver;
const rooms = new Set();
export const webhooks = [];

/** Each member of a room on the one of so many workers that has fewest of it. */
export async function spreadOver(workers) {
  const first = await freeUdpPorts(workers);
  return { 'livekit.rtc.udp_port': `${first}-${first + workers - 1}`, 'livekit.rtc.members_per_worker': 1 };
}

export async function start(settings = {}) {
  const workers = Number(process.env.TURMS_WORKERS ?? 1);
  const spread = workers > 1 ? await spreadOver(workers) : {};
  const verifier = new WebhookReceiver(apiKey, apiSecret);
  receiver = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    try {
      webhooks.push(await verifier.receive(body, request.headers.authorization));
      response.end();
    } catch (error) {
      webhooks.push({ event: `refused: ${error.message}` });
      response.writeHead(400).end();
    }
  });
  await new Promise((done) => receiver.listen(0, '127.0.0.1', done));
  const webhookUrl = `http://127.0.0.1:${receiver.address().port}/`;
  server =
    underTest === 'turms'
      ? await startTurms({ settings: { 'livekit.webhook.urls': webhookUrl, ...spread, ...settings } })
      : await startOriginal(webhookUrl);
}

async function startOriginal(webhookUrl) {
  const directory = await mkdtemp(joinPath(tmpdir(), 'livekit-compat-'));
  const original = await startLiveKit(livekitBinary, directory, webhookUrl, { key: apiKey, secret: apiSecret });
  return {
    origin: original.url,
    log: () => original.log.slice(-30),
    async stop() {
      // It waits long for participants that are gone.
      await original.stop('SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export async function stop() {
  await leaveAll();
  await server?.stop();
  receiver?.close();
}

export const serverLog = () => server.log();
export const httpUrl = () => server.origin;
export const webSocketUrl = () => server.origin.replace('http', 'ws');

export function token(identity, room, grants = {}, options = {}) {
  const out = new AccessToken(apiKey, apiSecret, { identity, ttl: '10m', ...options });
  out.addGrant({ roomJoin: true, room, ...grants });
  return out.toJwt();
}

export const api = () => new RoomServiceClient(httpUrl(), apiKey, apiSecret);

/** A connected rtc-node room. `heard` collects its events by name. */
export async function join(identity, roomName, { grants, tokenOptions, url = webSocketUrl(), ...options } = {}) {
  const room = new Room();
  room.heard = [];
  for (const event of Object.values(RoomEvent)) {
    room.on(event, (...values) => room.heard.push({ event, values }));
  }
  await room.connect(url, await token(identity, roomName, grants, tokenOptions), {
    autoSubscribe: true,
    dynacast: false,
    ...options,
  });
  rooms.add(room);
  return room;
}

/** rtc-node now and then never says that it has disconnected, so this waits for it only so long. */
export async function leave(room) {
  rooms.delete(room);
  await within(room.disconnect(), 5_000, 'disconnect').catch((error) => console.log(`note  ${error.message}`));
}

export async function leaveAll() {
  await Promise.all([...rooms].map(leave));
}

export { TrackSource };
