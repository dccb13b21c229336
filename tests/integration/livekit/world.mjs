// The server under test, tokens and API clients for it, a webhook receiver that checks signatures, and rooms that are
// left at the end of each test.
import { createServer } from 'node:http';
import { Room, RoomEvent } from '@livekit/rtc-node';
import { AccessToken, RoomServiceClient, TrackSource, WebhookReceiver } from 'livekit-server-sdk';
import { startTurms } from '../../e2e/lib/server.mjs';

export const apiKey = 'devkey';
export const apiSecret = 'secret';

let server;
let receiver;
const rooms = new Set();
export const webhooks = [];

export async function start(settings = {}) {
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
  server = await startTurms({
    settings: { 'livekit.webhook.urls': `http://127.0.0.1:${receiver.address().port}/`, ...settings },
  });
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
export async function join(identity, roomName, { grants, tokenOptions, ...options } = {}) {
  const room = new Room();
  room.heard = [];
  for (const event of Object.values(RoomEvent)) {
    room.on(event, (...values) => room.heard.push({ event, values }));
  }
  await room.connect(webSocketUrl(), await token(identity, roomName, grants, tokenOptions), {
    autoSubscribe: true,
    dynacast: false,
    ...options,
  });
  rooms.add(room);
  return room;
}

export async function leave(room) {
  rooms.delete(room);
  await room.disconnect();
}

export async function leaveAll() {
  await Promise.all([...rooms].map(leave));
}

export { TrackSource };
