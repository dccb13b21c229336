import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { TurmsNotificationSchema } from '../src/gen/turms/notification_pb.js';
import { type TurmsRequest, TurmsRequestSchema } from '../src/gen/turms/request_pb.js';

export type Notification = MessageInitShape<typeof TurmsNotificationSchema>;
type Answer = Pick<Notification, 'code' | 'reason' | 'data'> | 'silence';

/** One client's connection, seen from the server. */
export class Peer {
  readonly requests: TurmsRequest[] = [];
  heartbeats = 0;

  constructor(readonly socket: WebSocket) {}

  notify(notification: Notification): void {
    const message = create(TurmsNotificationSchema, { timestamp: BigInt(Date.now()), ...notification });
    this.socket.send(toBinary(TurmsNotificationSchema, message));
  }

  /** Ends the session as the server does: a notification, then the connection. */
  closeSession(closeStatus: number, reason?: string): void {
    this.notify({ closeStatus, ...(reason !== undefined && { reason }) });
    this.socket.close();
  }
}

/** A server of the protocol in a few lines: a test says how it answers. */
export class FakeServer {
  readonly peers: Peer[] = [];
  /** Answers a request; `undefined` means success without data. */
  answer: (request: TurmsRequest, peer: Peer) => Answer | undefined = () => undefined;
  answerHeartbeats = true;
  private arrivals: { accept: (request: TurmsRequest) => boolean; resolve: (peer: Peer) => void }[] = [];

  private constructor(private readonly server: WebSocketServer) {
    server.on('connection', (socket) => {
      const peer = new Peer(socket);
      this.peers.push(peer);
      socket.on('message', (data: Buffer, isBinary) => {
        if (isBinary) this.receive(peer, data);
      });
      socket.on('error', () => {});
    });
  }

  static async start(): Promise<FakeServer> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await new Promise((resolve) => server.once('listening', resolve));
    return new FakeServer(server);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}/turms`;
  }

  /** Resolves with the connection on which the next request that satisfies `accept` arrives. */
  nextRequest(accept: (request: TurmsRequest) => boolean): Promise<Peer> {
    return new Promise((resolve) => this.arrivals.push({ accept, resolve }));
  }

  async stop(): Promise<void> {
    for (const client of this.server.clients) client.terminate();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private receive(peer: Peer, data: Buffer): void {
    if (data.length === 0) {
      peer.heartbeats += 1;
      if (this.answerHeartbeats) peer.socket.send(Buffer.alloc(0));
      return;
    }
    const request = fromBinary(TurmsRequestSchema, data);
    peer.requests.push(request);
    const answer = this.answer(request, peer);
    if (answer !== 'silence') peer.notify({ requestId: request.requestId!, code: 1000, ...answer });
    const arrived = this.arrivals.filter((arrival) => arrival.accept(request));
    this.arrivals = this.arrivals.filter((arrival) => !arrived.includes(arrival));
    for (const arrival of arrived) arrival.resolve(peer);
  }
}
