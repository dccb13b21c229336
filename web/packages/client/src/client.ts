import { Backoff } from './backoff.js';
import { isSuccess, mayReconnectAfter, mayRetrySignIn, StatusCode } from './codes.js';
import { Connection, type ConnectionEnd } from './connection.js';
import { Emitter } from './emitter.js';
import { TurmsError } from './errors.js';
import { DeviceType } from './gen/turms/model_pb.js';
import type { TurmsNotification } from './gen/turms/notification_pb.js';
import { GroupsApi } from './groups.js';
import { MeetingsApi } from './meetings.js';
import { ContactsApi } from './contacts.js';
import { ConversationsApi } from './conversations.js';
import { MessagesApi } from './messages.js';
import { type PushEvents, readPush } from './pushes.js';
import { Resume, type ResumeEvents } from './resume.js';
import { httpOrigin, StorageApi } from './storage.js';
import { UsersApi } from './users.js';
import type { RequestKind, WebSocketConstructor } from './wire.js';

export type ClientState =
  /** Nobody is signed in. */
  | 'signedOut'
  /** A connection is being made, or signed in on. */
  | 'connecting'
  | 'online'
  /** The connection was lost; the next attempt is scheduled. */
  | 'waiting';

/** With a password, or with the token of an earlier session; with both the token shows that the device is known. */
export interface Credentials {
  userId: bigint;
  /** Who it is, where the id is not known and `userId` is 0. */
  userName?: string;
  /** Where it soon expires (a JSON Web Token), a function that gets a new one: it is asked on each connection. */
  password?: string | (() => string | Promise<string>);
  sessionToken?: string;
}

export interface ClientEvents extends PushEvents, ResumeEvents {
  state: ClientState;
  /** What signs in from now on in place of the password, which this client has forgotten. Keep it as safe as one. */
  sessionToken: { userId: bigint; sessionToken: string };
  /** A session ended. When `willReconnect` is false, nothing further happens until `signIn`. */
  closed: { closeStatus?: number; code?: number; reason?: string; willReconnect: boolean };
}

export interface ClientOptions {
  /** Address of the server's WebSocket, such as `wss://example.com/turms`. */
  url: string;
  /** The WebSocket implementation; needed where there is no global one. */
  webSocket?: WebSocketConstructor;
  deviceType?: DeviceType;
  deviceDetails?: Record<string, string>;
  connectTimeoutMs?: number;
  requestTimeoutMs?: number;
  heartbeatIntervalMs?: number;
  heartbeatTimeoutMs?: number;
  slowAnswerMs?: number;
  probeTimeoutMs?: number;
  reconnectInitialDelayMs?: number;
  reconnectMaxDelayMs?: number;
  /** No delay is longer than `reconnectEarlyMaxDelayMs` for so long after the connection was lost. */
  reconnectEarlyMs?: number;
  reconnectEarlyMaxDelayMs?: number;
  /** Requests that wait for an answer, or for the connection to come back; more are refused. */
  maxInFlight?: number;
  maxQueued?: number;
  random?: () => number;
}

interface Queued {
  kind: RequestKind;
  resolve: (notification: TurmsNotification) => void;
  reject: (error: unknown) => void;
  timer: ReturnType<typeof setTimeout>;
}

/** Queries that met the server's rate limit are asked again after these pauses, then given up. */
const tooFrequentPausesMs = [400, 900, 1800, 3600];

/**
 * A user's session with a Turms server, across as many connections as it takes.
 *
 * After `signIn` succeeded, a lost connection comes back by itself, with jittered and growing delays, and what was
 * delivered in between arrives as `message` events followed by one `resumed`. It does not come back when the server
 * ended the session on purpose; see `mayReconnectAfter`. Requests made while there is no connection wait for it, up to
 * `maxQueued` of them and no longer than their time-out; a request that was sent and lost its connection rejects with
 * kind `lost`, since it may have taken effect.
 */
export class TurmsClient extends Emitter<ClientEvents> {
  readonly users: UsersApi;
  readonly groups: GroupsApi;
  readonly messages: MessagesApi;
  readonly contacts: ContactsApi;
  readonly conversations: ConversationsApi;
  readonly meetings: MeetingsApi;
  readonly storage: StorageApi;

  private readonly options: Required<ClientOptions>;
  private readonly backoff: Backoff;
  private readonly resume: Resume;
  private readonly queue: Queued[] = [];
  private currentState: ClientState = 'signedOut';
  private credentials: Credentials | undefined;
  private connection: Connection | undefined;
  private reconnectTimer: ReturnType<typeof setTimeout> | undefined;
  private nextAttempt: number | undefined;
  /** Whether this session was ever signed in, or is to be tried until it is. */
  private established = false;
  /** Callers of `signIn` whose first attempt failed and who wait for a later one. */
  private readonly pendingConnects: { resolve: () => void; reject: (error: TurmsError) => void }[] = [];

  constructor(options: ClientOptions) {
    super();
    const webSocket = options.webSocket ?? (globalThis.WebSocket as unknown as WebSocketConstructor | undefined);
    if (!webSocket) throw new Error('There is no WebSocket here: pass one in the options');
    this.options = {
      deviceType: DeviceType.BROWSER,
      deviceDetails: {},
      connectTimeoutMs: 10_000,
      requestTimeoutMs: 15_000,
      heartbeatIntervalMs: 30_000,
      heartbeatTimeoutMs: 10_000,
      slowAnswerMs: 3000,
      probeTimeoutMs: 4000,
      reconnectInitialDelayMs: 500,
      reconnectMaxDelayMs: 20_000,
      reconnectEarlyMs: 60_000,
      reconnectEarlyMaxDelayMs: 5000,
      maxInFlight: 256,
      maxQueued: 100,
      random: Math.random,
      ...options,
      webSocket,
    };
    this.backoff = new Backoff({
      initialDelayMs: this.options.reconnectInitialDelayMs,
      maxDelayMs: this.options.reconnectMaxDelayMs,
      earlyMs: this.options.reconnectEarlyMs,
      earlyMaxDelayMs: this.options.reconnectEarlyMaxDelayMs,
      random: this.options.random,
    });
    this.resume = new Resume(
      (message) => this.emit('message', { message }),
      (resumed) => this.emit('resumed', resumed),
    );
    this.users = new UsersApi(this);
    this.groups = new GroupsApi(this);
    this.messages = new MessagesApi(this, this.resume);
    this.contacts = new ContactsApi(this);
    this.conversations = new ConversationsApi(this);
    this.storage = new StorageApi(this, httpOrigin(this.options.url));
    this.meetings = new MeetingsApi(this);
  }

  get state(): ClientState {
    return this.currentState;
  }

  /** When the next attempt to reconnect is made, in milliseconds; only while `waiting`. */
  get nextAttemptAt(): number | undefined {
    return this.currentState === 'waiting' ? this.nextAttempt : undefined;
  }

  /** The signed-in user. */
  get userId(): bigint | undefined {
    return this.credentials?.userId;
  }

  /**
   * Signs in. Rejects when the server refuses, or cannot be reached; with `keepTrying`, only when it refuses, and
   * otherwise resolves as soon as it is reached.
   */
  async signIn(credentials: Credentials, { keepTrying = false } = {}): Promise<void> {
    this.signOut({ keepToken: credentials.sessionToken !== undefined });
    this.credentials = credentials;
    this.established = keepTrying;
    this.resume.reset();
    await this.connect(credentials);
  }

  /**
   * Ends the session, and everything that waits. Its token signs nobody in any more, unless `keepToken` says that this
   * device will come back with it.
   */
  signOut({ keepToken = false } = {}): void {
    clearTimeout(this.reconnectTimer);
    this.credentials = undefined;
    this.established = false;
    const connection = this.connection;
    this.connection = undefined;
    if (!keepToken) connection?.post({ case: 'deleteSessionRequest', value: {} });
    connection?.close();
    this.failWaiting(new TurmsError('offline', 'Signed out'));
    this.backoff.reset();
    this.setState('signedOut');
  }

  /** Makes the next attempt to reconnect now: for when the network came back, or the page became visible. */
  reconnectNow(): void {
    if (this.currentState !== 'waiting' || !this.credentials) return;
    clearTimeout(this.reconnectTimer);
    this.backoff.reset();
    void this.connect(this.credentials).catch(() => {});
  }

  /** Finds out soon whether there still is a connection: for when something says that there may be none. */
  checkConnection(): void {
    if (this.currentState === 'online') this.connection?.probe();
  }

  /** Sends any request of the protocol. Rejects with `TurmsError`. */
  async request(kind: RequestKind): Promise<TurmsNotification> {
    for (const pauseMs of tooFrequentPausesMs) {
      try {
        return await this.sendOrQueue(kind);
      } catch (error) {
        const mayAskAgain =
          error instanceof TurmsError && error.code === StatusCode.TooFrequent && kind.case.startsWith('query');
        if (!mayAskAgain) throw error;
        await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.75 + this.options.random() / 2)));
      }
    }
    return this.sendOrQueue(kind);
  }

  private sendOrQueue(kind: RequestKind): Promise<TurmsNotification> {
    if (this.currentState === 'online' && this.connection) return this.connection.request(kind);
    if (!this.credentials || !this.established) {
      return Promise.reject(new TurmsError('offline', 'Nobody is signed in'));
    }
    if (this.queue.length >= this.options.maxQueued) {
      return Promise.reject(new TurmsError('overloaded', 'Too many requests wait for the connection'));
    }
    return new Promise((resolve, reject) => {
      const queued: Queued = {
        kind,
        resolve,
        reject,
        timer: setTimeout(() => {
          this.queue.splice(this.queue.indexOf(queued), 1);
          reject(new TurmsError('offline', 'The connection did not come back in time'));
        }, this.options.requestTimeoutMs),
      };
      this.queue.push(queued);
    });
  }

  private connect(credentials: Credentials): Promise<void> {
    this.setState('connecting');
    return new Promise((resolve, reject) => {
      let signInError: TurmsError | undefined;
      const connection: Connection = new Connection(
        {
          ...this.options,
          onPush: (notification) => {
            if (connection === this.connection) this.receivePush(notification);
          },
          onEnd: (end) => {
            const error = signInError ?? new TurmsError('offline', 'The server cannot be reached', end.code, end.reason);
            if (connection !== this.connection) {
              reject(error);
              return;
            }
            this.connection = undefined;
            if (this.handleEnd(end, signInError)) {
              // Tried again by timer: the promise of the first attempt is kept by whichever attempt succeeds.
              this.pendingConnects.push({ resolve, reject });
            } else {
              reject(error);
            }
          },
        },
        () => {
          this.signInOn(connection, credentials).then(
            () => {
              resolve();
              for (const waiting of this.pendingConnects.splice(0)) waiting.resolve();
            },
            (error: TurmsError) => {
              signInError = error;
              connection.close();
            },
          );
        },
      );
      this.connection = connection;
    });
  }

  private async signInOn(connection: Connection, credentials: Credentials): Promise<void> {
    const password = await askPassword(credentials, this.options.requestTimeoutMs);
    const answer = await connection.request({
      case: 'createSessionRequest',
      value: {
        version: 1,
        userId: credentials.userId,
        ...(credentials.userName !== undefined && { userName: credentials.userName }),
        ...(password !== undefined && { password }),
        ...(credentials.sessionToken !== undefined && { sessionToken: credentials.sessionToken }),
        deviceType: this.options.deviceType,
        deviceDetails: { ...this.options.deviceDetails, 'turms.extensions': '1' },
      },
    });
    if (connection !== this.connection) throw new TurmsError('offline', 'Signed out meanwhile');
    this.established = true;
    this.backoff.reset();
    this.resume.noteServerTime(Number(answer.timestamp));
    this.setState('online');
    for (const queued of this.queue.splice(0)) {
      clearTimeout(queued.timer);
      connection.request(queued.kind).then(queued.resolve, queued.reject);
    }
    void this.resume.run((kind) => connection.request(kind));
  }

  private receivePush(notification: TurmsNotification): void {
    this.resume.noteServerTime(Number(notification.timestamp));
    this.noteSessionToken(notification);
    for (const { name, payload } of readPush(notification)) {
      if (name === 'message' && !this.resume.isNew(payload.message.id)) continue;
      this.emit(name, payload as ClientEvents[typeof name]);
    }
  }

  private noteSessionToken(notification: TurmsNotification): void {
    const data = notification.data?.kind;
    if (data?.case !== 'userSession' || !this.credentials) return;
    const { userId: known, ...others } = this.credentials;
    const userId = data.value.userId ?? known;
    this.credentials = { userId, ...others };
    const { sessionToken } = data.value;
    if (!sessionToken) return;
    this.credentials = { userId, sessionToken };
    this.emit('sessionToken', { userId, sessionToken });
  }

  /** Decides what follows the end of the current connection; returns whether there will be another. */
  private handleEnd(end: ConnectionEnd, signInError: TurmsError | undefined): boolean {
    this.resume.noteEnd();
    const refusedForGood =
      signInError?.kind === 'refused' && signInError.code !== undefined && !mayRetrySignIn(signInError.code);
    const willReconnect = this.established && !refusedForGood && mayReconnectAfter(end.closeStatus);
    const code = signInError?.code ?? end.code;
    const reason = signInError?.reason ?? end.reason;
    const closed: ClientEvents['closed'] = {
      willReconnect,
      ...(end.closeStatus !== undefined && { closeStatus: end.closeStatus }),
      ...(code !== undefined && !isSuccess(code) && { code }),
      ...(reason !== undefined && { reason }),
    };
    if (willReconnect) {
      const credentials = this.credentials!;
      const delayMs = this.backoff.next();
      this.nextAttempt = Date.now() + delayMs;
      this.reconnectTimer = setTimeout(() => {
        void this.connect(credentials).catch(() => {});
      }, delayMs);
      this.setState('waiting');
    } else {
      this.credentials = undefined;
      this.established = false;
      const error = signInError ?? new TurmsError('offline', 'The session ended', code, reason);
      this.failWaiting(error);
      this.setState('signedOut');
    }
    this.emit('closed', closed);
    return willReconnect;
  }

  private failWaiting(error: TurmsError): void {
    for (const waiting of this.pendingConnects.splice(0)) waiting.reject(error);
    for (const queued of this.queue.splice(0)) {
      clearTimeout(queued.timer);
      queued.reject(error);
    }
  }

  private setState(state: ClientState): void {
    if (state === this.currentState) return;
    this.currentState = state;
    this.emit('state', state);
  }
}

/** The password to sign in with now. A function that fails, or takes too long, is as a connection that fails: tried again later. */
async function askPassword({ password }: Credentials, timeoutMs: number): Promise<string | undefined> {
  if (typeof password !== 'function') return password;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('it took too long')), timeoutMs);
  });
  try {
    return await Promise.race([password(), late]);
  } catch (error) {
    throw new TurmsError('offline', `There is no password: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    clearTimeout(timer);
  }
}
