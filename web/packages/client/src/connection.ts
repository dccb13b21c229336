import { isSuccess, StatusCode } from './codes.js';
import { TurmsError } from './errors.js';
import type { TurmsNotification } from './gen/turms/notification_pb.js';
import {
  decodeNotification,
  encodeRequest,
  maxRequestBytes,
  type RequestKind,
  type WebSocketConstructor,
  type WebSocketLike,
} from './wire.js';

/** Why a connection ended. */
export interface ConnectionEnd {
  /** What the server said, when it said anything. */
  closeStatus?: number;
  code?: number;
  reason?: string;
  /** Whether the connection was ever open. */
  opened: boolean;
}

export interface ConnectionOptions {
  url: string;
  webSocket: WebSocketConstructor;
  connectTimeoutMs: number;
  requestTimeoutMs: number;
  /** A heartbeat is sent after so long without a frame from us. */
  heartbeatIntervalMs: number;
  /** The connection is given up when a heartbeat has no answer after so long. */
  heartbeatTimeoutMs: number;
  /** When a request has no answer after so long, a heartbeat asks at once whether the server lives. */
  slowAnswerMs: number;
  /** The connection is given up when that heartbeat has no answer after so long. */
  probeTimeoutMs: number;
  /** Requests that wait for their answers at the same time; more are refused here. */
  maxInFlight: number;
  onPush: (notification: TurmsNotification) => void;
  onEnd: (end: ConnectionEnd) => void;
}

/** The request id under which the server reports that a heartbeat failed. */
const heartbeatFailureId = -100n;

interface Waiting {
  resolve: (notification: TurmsNotification) => void;
  reject: (error: TurmsError) => void;
  timer: ReturnType<typeof setTimeout>;
  slowTimer: ReturnType<typeof setTimeout> | undefined;
}

/**
 * One WebSocket from its opening to its end: frames, request ids, answers and heartbeats. It never comes back; that is
 * the client's business. `onEnd` is called exactly once.
 */
export class Connection {
  private readonly socket: WebSocketLike;
  private readonly waiting = new Map<bigint, Waiting>();
  private nextRequestId = 1n;
  private connectTimer: ReturnType<typeof setTimeout> | undefined;
  private heartbeatTimer: ReturnType<typeof setTimeout> | undefined;
  private heartbeatAnswerTimer: ReturnType<typeof setTimeout> | undefined;
  private isProbing = false;
  private opened = false;
  private ended = false;
  private closing: Pick<ConnectionEnd, 'closeStatus' | 'code' | 'reason'> = {};

  constructor(
    private readonly options: ConnectionOptions,
    onOpen: () => void,
  ) {
    this.socket = new options.webSocket(options.url);
    this.socket.binaryType = 'arraybuffer';
    this.connectTimer = setTimeout(() => this.end(), options.connectTimeoutMs);
    this.socket.onopen = () => {
      if (this.ended) return;
      clearTimeout(this.connectTimer);
      this.opened = true;
      this.scheduleHeartbeat();
      onOpen();
    };
    this.socket.onmessage = (event: { data: unknown }) => this.receive(event.data);
    // An error is always followed by a close event, which says as much.
    this.socket.onerror = () => {};
    this.socket.onclose = () => this.end();
  }

  get isOpen(): boolean {
    return this.opened && !this.ended;
  }

  /** Sends a request and resolves with its answer when that is a success; rejects with a `TurmsError` otherwise. */
  request(kind: RequestKind, timeoutMs = this.options.requestTimeoutMs): Promise<TurmsNotification> {
    if (!this.isOpen) return Promise.reject(new TurmsError('offline', 'There is no connection'));
    if (this.waiting.size >= this.options.maxInFlight) {
      return Promise.reject(new TurmsError('overloaded', 'Too many requests wait for an answer'));
    }
    const id = this.nextRequestId;
    const frame = encodeRequest(id, kind);
    if (frame.length > maxRequestBytes) {
      return Promise.reject(new TurmsError('refused', 'The request is too large', StatusCode.IllegalArgument));
    }
    this.nextRequestId += 1n;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.forget(id);
        reject(new TurmsError('timeout', `No answer to ${kind.case} in time`));
      }, timeoutMs);
      // Checking a password may take its time, and is no sign of a server that is gone.
      const mayProbe = kind.case !== 'createSessionRequest';
      const slowTimer = mayProbe ? setTimeout(() => this.probe(), this.options.slowAnswerMs) : undefined;
      this.waiting.set(id, { resolve, reject, timer, slowTimer });
      this.send(frame);
    });
  }

  /** Sends a request that the server answers with nothing, such as `deleteSessionRequest`. */
  post(kind: RequestKind): void {
    if (!this.isOpen) return;
    this.send(encodeRequest(this.nextRequestId, kind));
    this.nextRequestId += 1n;
  }

  /** Asks whether the server still lives, and gives the connection up soon when it does not say so. */
  probe(): void {
    if (!this.isOpen || this.isProbing) return;
    this.isProbing = true;
    this.send(new Uint8Array(0));
    clearTimeout(this.heartbeatAnswerTimer);
    this.heartbeatAnswerTimer = setTimeout(() => this.end(), this.options.probeTimeoutMs);
  }

  /** Ends the connection from our side. */
  close(): void {
    this.end();
  }

  private send(frame: Uint8Array): void {
    this.socket.send(frame as Uint8Array<ArrayBuffer>);
    this.scheduleHeartbeat();
  }

  private scheduleHeartbeat(): void {
    clearTimeout(this.heartbeatTimer);
    this.heartbeatTimer = setTimeout(() => this.beat(), this.options.heartbeatIntervalMs);
  }

  private beat(): void {
    this.send(new Uint8Array(0));
    // Any frame that arrives shows that the server lives, so the timer already running stays.
    this.heartbeatAnswerTimer ??= setTimeout(() => this.end(), this.options.heartbeatTimeoutMs);
  }

  private receive(data: unknown): void {
    if (this.ended || !(data instanceof ArrayBuffer)) return;
    clearTimeout(this.heartbeatAnswerTimer);
    this.heartbeatAnswerTimer = undefined;
    this.isProbing = false;
    if (data.byteLength === 0) return;
    let notification: TurmsNotification;
    try {
      notification = decodeNotification(new Uint8Array(data));
    } catch {
      // A peer whose frames cannot be read is not one to go on with.
      this.closing = { reason: 'unreadable frame' };
      this.end();
      return;
    }
    this.dispatch(notification);
  }

  private dispatch(notification: TurmsNotification): void {
    if (notification.closeStatus !== undefined) {
      this.closing = {
        closeStatus: notification.closeStatus,
        ...(notification.code !== undefined && { code: notification.code }),
        ...(notification.reason !== undefined && { reason: notification.reason }),
      };
      // The server waits for us to close.
      this.end();
      return;
    }
    if (notification.requestId === heartbeatFailureId) {
      this.closing = {
        ...(notification.code !== undefined && { code: notification.code }),
        reason: 'heartbeat refused',
      };
      this.end();
      return;
    }
    const isAnswer =
      notification.relayedRequest === undefined &&
      notification.requestId !== undefined &&
      notification.requestId !== 0n;
    if (!isAnswer) {
      this.options.onPush(notification);
      return;
    }
    const waiting = this.forget(notification.requestId!);
    if (!waiting) return;
    const code = notification.code;
    if (code === undefined) {
      waiting.reject(new TurmsError('protocol', 'The server answered without a code'));
    } else if (isSuccess(code)) {
      waiting.resolve(notification);
    } else {
      waiting.reject(TurmsError.refused(code, notification.reason));
    }
  }

  private forget(id: bigint): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    clearTimeout(waiting?.timer);
    clearTimeout(waiting?.slowTimer);
    return waiting;
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.connectTimer);
    clearTimeout(this.heartbeatTimer);
    clearTimeout(this.heartbeatAnswerTimer);
    this.socket.onopen = null;
    this.socket.onmessage = null;
    this.socket.onclose = null;
    try {
      this.socket.close(1000);
    } catch {
      // Some implementations throw when the socket is not open yet; it is of no use to us either way.
    }
    for (const id of [...this.waiting.keys()]) {
      this.forget(id)?.reject(new TurmsError('lost', 'The connection ended before the answer came'));
    }
    this.options.onEnd({ ...this.closing, opened: this.opened });
  }
}
