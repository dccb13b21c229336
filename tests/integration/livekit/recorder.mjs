// What servers and clients say to each other on the signalling connection: a proxy that writes it down, and a client
// that speaks the protocol itself.
import { createServer, request as httpRequest } from 'node:http';
import { SignalRequest, SignalResponse } from '@livekit/protocol';
import WebSocket, { WebSocketServer } from 'ws';
import { eventually } from '../../e2e/lib/runner.mjs';

const readable = { emitDefaultValues: false, useProtoFieldName: true };

/** { kind, body } of a request or response; body as the protocol's JSON. */
export function read(type, bytes) {
  const [kind = 'unknown', body] = Object.entries(type.fromBinary(bytes).toJson(readable))[0] ?? [];
  return { kind, body };
}

/**
 * A server's address for clients whose signalling is to be written down: `sessions` has one entry per connection. Paths
 * to refuse are not found there, so that clients speak the older protocol.
 */
export async function startProxy(target, { refuse = [] } = {}) {
  const sessions = [];
  const upstream = new URL(target);
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const server = createServer((request, response) => {
    const forwarded = httpRequest(
      { host: upstream.hostname, port: upstream.port, path: request.url, method: request.method, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      },
    );
    forwarded.on('error', () => response.destroy());
    request.pipe(forwarded);
  });
  server.on('upgrade', (request, socket, head) => {
    if (refuse.includes(request.url.split('?')[0])) {
      return socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
    }
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => name === 'authorization'));
    const far = new WebSocket(`ws://${upstream.host}${request.url}`, { headers, perMessageDeflate: false });
    const session = {
      path: request.url.split('?')[0],
      requests: [],
      responses: [],
      /** Says something in the client's name. */
      say: (kind, value) => far.send(new SignalRequest({ message: { case: kind, value } }).toBinary()),
    };
    const waiting = [];
    far.on('message', (data, binary) => {
      if (binary) session.responses.push(read(SignalResponse, data));
      if (session.near) session.near.send(data, { binary });
      else waiting.push([data, binary]);
    });
    far.on('unexpected-response', (_, response) => {
      socket.end(`HTTP/1.1 ${response.statusCode} ${response.statusMessage}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    });
    far.on('error', () => socket.destroy());
    far.on('open', () => {
      sessions.push(session);
      sockets.handleUpgrade(request, socket, head, (near) => {
        session.near = near;
        for (const [data, binary] of waiting) near.send(data, { binary });
        near.on('message', (data, binary) => {
          if (binary) session.requests.push(read(SignalRequest, data));
          if (far.readyState === WebSocket.OPEN) far.send(data, { binary });
        });
        near.on('close', () => far.close());
        near.on('error', () => far.close());
        far.on('close', () => near.close());
      });
    });
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `ws://127.0.0.1:${server.address().port}`,
    sessions,
    stop() {
      for (const { near } of sessions) near?.terminate();
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A client without media: says what it is told to, and keeps what it hears. */
export class RawClient {
  heard = [];
  closed = undefined;

  static async connect(url, token, parameters = {}) {
    const query = new URLSearchParams({ access_token: token, auto_subscribe: '1', protocol: '17', sdk: 'js', version: '2.23.0', ...parameters });
    const client = new RawClient();
    client.socket = new WebSocket(`${url.replace(/^http/, 'ws')}/rtc?${query}`);
    client.socket.binaryType = 'nodebuffer';
    client.socket.on('message', (data, binary) => {
      if (binary) client.heard.push(read(SignalResponse, data));
    });
    client.socket.on('close', (code) => (client.closed = code));
    const refused = await new Promise((done) => {
      client.socket.once('open', () => done(undefined));
      client.socket.once('error', (error) => done(error));
    });
    if (refused) throw refused;
    await client.hears('join');
    return client;
  }

  say(kind, value) {
    this.socket.send(new SignalRequest({ message: { case: kind, value } }).toBinary());
  }

  /** The first (or `count`th) message of a kind. */
  async hears(kind, check = () => true) {
    const find = () => this.heard.find((message) => message.kind === kind && check(message.body));
    return eventually(find, `a ${kind}`).catch((error) => {
      throw new Error(`${error.message}; heard ${this.heard.map((message) => message.kind)}`);
    });
  }

  close() {
    this.socket.close();
  }
}
