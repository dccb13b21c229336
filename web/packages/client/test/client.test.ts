import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import {
  type ChatMessage,
  type ClientOptions,
  type ClientState,
  mayHaveTakenEffect,
  StatusCode,
  TurmsClient,
  TurmsError,
  type WebSocketConstructor,
} from '../src/index.js';
import type { TurmsRequest } from '../src/gen/turms/request_pb.js';
import { FakeServer, type Notification } from './server.js';

let server: FakeServer;
let clients: TurmsClient[] = [];

beforeEach(async () => {
  server = await FakeServer.start();
});

afterEach(async () => {
  for (const client of clients) client.signOut();
  clients = [];
  await server.stop();
});

const credentials = { userId: 1n, password: 'secret' };

function newClient(options: Partial<ClientOptions> = {}): TurmsClient {
  const client = new TurmsClient({
    url: server.url,
    webSocket: WebSocket as unknown as WebSocketConstructor,
    reconnectInitialDelayMs: 2,
    reconnectMaxDelayMs: 4,
    ...options,
  });
  clients.push(client);
  return client;
}

async function signedIn(options: Partial<ClientOptions> = {}): Promise<TurmsClient> {
  const client = newClient(options);
  await client.signIn(credentials);
  return client;
}

const isKind = (name: string) => (request: TurmsRequest) => request.kind.case === name;

async function failure(promise: Promise<unknown>): Promise<TurmsError> {
  const error: unknown = await promise.then(
    () => undefined,
    (rejected: unknown) => rejected,
  );
  expect(error).toBeInstanceOf(TurmsError);
  return error as TurmsError;
}

function push(id: bigint, text: string, deliveryDate = BigInt(Date.now())): Notification {
  return {
    requesterId: 2n,
    relayedRequest: {
      requestId: 1n,
      kind: { case: 'createMessageRequest', value: { messageId: id, groupId: 10n, text, deliveryDate } },
    },
  };
}

describe('signing in', () => {
  test('says who, which version and that extensions are understood', async () => {
    const states: ClientState[] = [];
    const client = newClient({ deviceDetails: { app: 'test' } });
    client.on('state', (state) => states.push(state));
    await client.signIn(credentials);
    expect(server.peers[0]!.requests[0]).toMatchObject({
      requestId: 1n,
      kind: {
        case: 'createSessionRequest',
        value: {
          version: 1,
          userId: 1n,
          password: 'secret',
          deviceType: 1,
          deviceDetails: { app: 'test', 'turms.extensions': '1' },
        },
      },
    });
    expect(states).toEqual(['connecting', 'online']);
    expect(client.userId).toBe(1n);
  });

  test('a refusal carries the code, and nothing is tried again', async () => {
    server.answer = () => ({ code: 2011, reason: 'no' });
    const client = newClient();
    const error = await failure(client.signIn(credentials));
    expect(error).toMatchObject({ kind: 'refused', code: 2011, reason: 'no' });
    expect(client.state).toBe('signedOut');
    expect(server.peers.length).toBe(1);
  });

  test('a password that expires is asked for on each connection, and again where that fails', async () => {
    const passwords: (string | Error)[] = ['first', new Error('away'), 'second'];
    const client = newClient();
    await client.signIn({
      userId: 1n,
      password: async () => {
        const next = passwords.shift()!;
        if (next instanceof Error) throw next;
        return next;
      },
    });
    const again = server.nextRequest(isKind('createSessionRequest'));
    server.peers[0]!.socket.terminate();
    const peer = await again;
    const given = [server.peers[0]!, peer].map(({ requests }) => requests[0]!.kind);
    expect(given.map((kind) => kind.case === 'createSessionRequest' && kind.value.password)).toEqual(['first', 'second']);
    expect(passwords).toEqual([]);
  });

  test('a first password that cannot be had, or does not come, is an error', async () => {
    const client = newClient({ requestTimeoutMs: 20 });
    const gone = () => Promise.reject(new Error('away'));
    expect(await failure(client.signIn({ userId: 1n, password: gone }))).toMatchObject({ kind: 'offline' });
    const silent = () => new Promise<string>(() => {});
    expect(await failure(client.signIn({ userId: 1n, password: silent }))).toMatchObject({ kind: 'offline' });
    expect(client.state).toBe('signedOut');
  });

  test('the password is forgotten for the token of the session', async () => {
    const told: unknown[] = [];
    const client = newClient();
    client.on('sessionToken', (given) => told.push(given));
    server.answer = (request, peer) => {
      if (request.kind.case === 'createSessionRequest' && request.kind.value.password !== undefined) {
        peer.notify({ data: { kind: { case: 'userSession', value: { sessionId: '7', sessionToken: 'token' } } } });
      }
      return undefined;
    };
    await client.signIn(credentials);
    expect(told).toEqual([{ userId: 1n, sessionToken: 'token' }]);
    const again = server.nextRequest(isKind('createSessionRequest'));
    server.peers[0]!.socket.terminate();
    const peer = await again;
    const request = peer.requests[0]!.kind;
    expect(request.case === 'createSessionRequest' && request.value).toMatchObject({ sessionToken: 'token' });
    expect(request.case === 'createSessionRequest' && request.value.password).toBeUndefined();
  });

  test('a token signs in, and signing out ends it unless it is to be kept', async () => {
    for (const keepToken of [false, true]) {
      const client = newClient();
      await client.signIn({ userId: 1n, sessionToken: 'token' });
      const peer = server.peers.at(-1)!;
      const closed = new Promise((resolve) => peer.socket.once('close', resolve));
      client.signOut({ keepToken });
      await closed;
      expect(peer.requests.map((request) => request.kind.case)).toEqual(
        keepToken ? ['createSessionRequest'] : ['createSessionRequest', 'deleteSessionRequest'],
      );
    }
  });

  test('a token that has ended is not tried again', async () => {
    const client = newClient();
    await client.signIn({ userId: 1n, sessionToken: 'token' });
    const closed = new Promise((resolve) => client.on('closed', resolve));
    server.answer = () => ({ code: 2011 });
    server.peers[0]!.socket.terminate();
    expect(await closed).toMatchObject({ willReconnect: true });
    expect(await new Promise((resolve) => client.on('closed', resolve))).toMatchObject({ willReconnect: false, code: 2011 });
  });

  test('an unreachable server is told at once', async () => {
    const client = newClient({ url: 'ws://127.0.0.1:1/turms' });
    expect(await failure(client.signIn(credentials))).toMatchObject({ kind: 'offline' });
    expect(client.state).toBe('signedOut');
  });

  test('with keepTrying it goes on until the server can be reached', async () => {
    let refusals = 3;
    server.answer = () => (refusals-- > 0 ? { code: StatusCode.Unavailable } : undefined);
    const client = newClient();
    await client.signIn(credentials, { keepTrying: true });
    expect(client.state).toBe('online');
    expect(server.peers.length).toBe(4);
  });

  test('signing out while connecting ends the attempt', async () => {
    const client = newClient();
    const attempt = failure(client.signIn(credentials));
    client.signOut();
    expect(await attempt).toMatchObject({ kind: 'offline' });
    expect(client.state).toBe('signedOut');
  });
});

describe('requests', () => {
  test('each gets the answer with its own id, in whatever order they come', async () => {
    const client = await signedIn();
    const held: TurmsRequest[] = [];
    server.answer = (request, peer) => {
      held.push(request);
      if (held.length < 3) return 'silence';
      for (const other of held.reverse()) {
        const name = other.kind.case === 'createGroupRequest' ? other.kind.value.name : '';
        peer.notify({ requestId: other.requestId!, code: 1000, data: { kind: { case: 'long', value: BigInt(name) } } });
      }
      return 'silence';
    };
    const ids = await Promise.all(['11', '12', '13'].map((name) => client.groups.create(name)));
    expect(ids).toEqual([11n, 12n, 13n]);
  });

  test('a refusal rejects with code and reason', async () => {
    const client = await signedIn();
    server.answer = () => ({ code: 5009, reason: 'not a member' });
    const error = await failure(client.messages.sendToGroup(10n, 'hi'));
    expect(error).toMatchObject({ kind: 'refused', code: 5009, reason: 'not a member' });
    expect(mayHaveTakenEffect(error)).toBe(false);
  });

  test.each([1001, 1002])('code %i is a success without data', async (code) => {
    const client = await signedIn();
    server.answer = () => ({ code });
    expect(await client.groups.joined()).toEqual([]);
  });

  test('no answer in time rejects, and says that it may have taken effect', async () => {
    const client = await signedIn({ requestTimeoutMs: 20 });
    server.answer = () => 'silence';
    const error = await failure(client.messages.sendToGroup(10n, 'hi'));
    expect(error.kind).toBe('timeout');
    expect(mayHaveTakenEffect(error)).toBe(true);
  });

  test('too many at a time are refused here', async () => {
    const client = await signedIn({ maxInFlight: 2 });
    server.answer = () => 'silence';
    const first = failure(client.groups.joined());
    const second = failure(client.groups.joined());
    expect((await failure(client.groups.joined())).kind).toBe('overloaded');
    client.signOut();
    expect([(await first).kind, (await second).kind]).toEqual(['lost', 'lost']);
  });

  test('one larger than the server reads is not sent', async () => {
    const client = await signedIn();
    expect(await failure(client.messages.sendToGroup(10n, 'x'.repeat(17_000)))).toMatchObject({ code: 1102 });
    expect(server.peers[0]!.requests.length).toBe(1);
  });

  test('a query that comes too often is asked again, a command is not', async () => {
    const client = await signedIn();
    let refusals = 1;
    server.answer = () => (refusals-- > 0 ? { code: StatusCode.TooFrequent } : undefined);
    expect(await client.groups.joined()).toEqual([]);
    refusals = 1;
    expect(await failure(client.messages.sendToGroup(10n, 'hi'))).toMatchObject({ code: 1101 });
  });

  test('without a session they are refused here', async () => {
    expect((await failure(newClient().groups.joined())).kind).toBe('offline');
  });
});

describe('liveness', () => {
  test('an idle connection beats', async () => {
    await signedIn({ heartbeatIntervalMs: 5 });
    const peer = server.peers[0]!;
    await expect.poll(() => peer.heartbeats).toBeGreaterThanOrEqual(3);
    expect(server.peers.length).toBe(1);
  });

  test('a server that no longer answers is given up, and another connection made', async () => {
    server.answerHeartbeats = false;
    const client = await signedIn({ heartbeatIntervalMs: 5, heartbeatTimeoutMs: 5 });
    const closed = await client.once('closed');
    expect(closed.willReconnect).toBe(true);
    await client.once('state', (state) => state === 'online');
    expect(server.peers.length).toBeGreaterThanOrEqual(2);
  });

  test('a request without an answer asks at once whether the server lives', async () => {
    const client = await signedIn({ slowAnswerMs: 5, probeTimeoutMs: 5 });
    server.answer = (request) => (request.kind.case === 'createGroupRequest' ? 'silence' : undefined);
    server.answerHeartbeats = false;
    const closed = client.once('closed');
    expect(await failure(client.groups.create('x'))).toMatchObject({ kind: 'lost' });
    expect(await closed).toEqual({ willReconnect: true });
    expect(server.peers[0]!.heartbeats).toBe(1);
  });

  test('a server that is only slow is not given up', async () => {
    const client = await signedIn({ slowAnswerMs: 1, probeTimeoutMs: 200 });
    const held: (() => void)[] = [];
    server.answer = (request, peer) => {
      held.push(() => peer.notify({ requestId: request.requestId!, code: 1000, data: { kind: { case: 'long', value: 5n } } }));
      return 'silence';
    };
    const created = client.groups.create('x');
    await expect.poll(() => server.peers[0]!.heartbeats).toBe(1);
    for (const answer of held) answer();
    expect(await created).toBe(5n);
    expect(client.state).toBe('online');
  });

  test('a doubtful connection is asked about', async () => {
    const client = await signedIn({ probeTimeoutMs: 5 });
    server.answerHeartbeats = false;
    const closed = client.once('closed');
    client.checkConnection();
    client.checkConnection();
    await closed;
    expect(server.peers[0]!.heartbeats).toBe(1);
  });

  test('the time of the next attempt is told while it is waited for', async () => {
    const client = await signedIn({ reconnectInitialDelayMs: 4000, reconnectMaxDelayMs: 4000, random: () => 0 });
    expect(client.nextAttemptAt).toBeUndefined();
    const told = client.once('state', (state) => state === 'waiting').then(() => client.nextAttemptAt);
    server.peers[0]!.socket.terminate();
    const wait = (await told)! - Date.now();
    expect(wait).toBeGreaterThan(1500);
    expect(wait).toBeLessThanOrEqual(2000);
    client.reconnectNow();
    expect(client.nextAttemptAt).toBeUndefined();
  });

  test('a refused heartbeat ends the connection', async () => {
    const client = await signedIn();
    const closed = client.once('closed');
    server.peers[0]!.notify({ requestId: -100n, code: StatusCode.HeartbeatWithoutSession });
    expect(await closed).toEqual({ willReconnect: true, code: 2104, reason: 'heartbeat refused' });
  });

  test('an unreadable frame ends the connection', async () => {
    const client = await signedIn();
    const closed = client.once('closed');
    server.peers[0]!.socket.send(Buffer.from([0xff, 0xff, 0xff]));
    expect(await closed).toMatchObject({ willReconnect: true, reason: 'unreadable frame' });
  });
});

describe('the end of a session', () => {
  test.each([
    [100, false],
    [110, true],
    [111, true],
    [112, true],
    [200, true],
    [201, true],
    [202, true],
    [300, true],
    [400, true],
    [500, false],
    [501, false],
    [600, false],
    [700, false],
    [701, false],
  ])('close status %i: comes back %s', async (closeStatus, willReconnect) => {
    const client = await signedIn();
    const closed = client.once('closed');
    server.peers[0]!.closeSession(closeStatus, 'why');
    expect(await closed).toEqual({ closeStatus, reason: 'why', willReconnect });
    if (willReconnect) await client.once('state', (state) => state === 'online');
    expect(client.state).toBe(willReconnect ? 'online' : 'signedOut');
  });

  test('a sign-in refused for good while coming back ends it', async () => {
    const client = await signedIn();
    server.answer = () => ({ code: StatusCode.AuthenticationFailed });
    const end = client.once('closed', (closed) => !closed.willReconnect);
    server.peers[0]!.socket.terminate();
    expect(await end).toEqual({ willReconnect: false, code: 2011 });
  });

  test('requests made meanwhile wait, as many as fit, and go out in order', async () => {
    const client = await signedIn({ maxQueued: 2, reconnectInitialDelayMs: 100_000, reconnectMaxDelayMs: 100_000 });
    server.peers[0]!.socket.terminate();
    await client.once('closed');
    const first = client.messages.typingInGroup(1n);
    const second = client.messages.typingInGroup(2n);
    expect((await failure(client.messages.typingInGroup(3n))).kind).toBe('overloaded');
    client.reconnectNow();
    await Promise.all([first, second]);
    const ids = server.peers[1]!.requests.flatMap(({ kind }) =>
      kind.case === 'updateTypingStatusRequest' ? [kind.value.toId] : [],
    );
    expect(ids).toEqual([1n, 2n]);
  });

  test('a request on its way is lost, and not sent again', async () => {
    const client = await signedIn();
    server.answer = (request) => (request.kind.case === 'createMessageRequest' ? 'silence' : undefined);
    const arrived = server.nextRequest(isKind('createMessageRequest'));
    const sent = failure(client.messages.sendToGroup(10n, 'hi'));
    (await arrived).socket.terminate();
    const error = await sent;
    expect(error.kind).toBe('lost');
    expect(mayHaveTakenEffect(error)).toBe(true);
    await client.once('resumed');
    expect(server.peers[1]!.requests.some(isKind('createMessageRequest'))).toBe(false);
  });
});

describe('catching up', () => {
  /** Answers queries from a store of messages of group 10, as the server does. */
  function serveStore(store: { id: bigint; deliveryDate: bigint; text: string }[]): void {
    server.answer = ({ kind }) => {
      if (kind.case !== 'queryMessagesRequest') return undefined;
      if (!kind.value.areGroupMessages) return { code: StatusCode.NoContent };
      const messages = store
        .filter(({ deliveryDate }) => deliveryDate >= (kind.value.deliveryDateStart ?? 0n))
        .slice(0, kind.value.maxCount)
        .map((message) => ({ ...message, groupId: 10n, senderId: 2n }));
      return messages.length === 0
        ? { code: StatusCode.NoContent }
        : { data: { kind: { case: 'messages', value: { messages } } } };
    };
  }

  test('what was delivered meanwhile comes once, what came before does not come again', async () => {
    const client = await signedIn();
    const received: ChatMessage[] = [];
    client.on('message', ({ message }) => received.push(message));
    const now = BigInt(Date.now());
    const first = client.once('message');
    server.peers[0]!.notify(push(1n, 'one', now));
    server.peers[0]!.notify(push(1n, 'one', now));
    await first;
    serveStore([
      { id: 1n, deliveryDate: now, text: 'one' },
      { id: 2n, deliveryDate: now, text: 'two' },
      { id: 3n, deliveryDate: now + 5n, text: 'three' },
    ]);
    server.peers[0]!.socket.terminate();
    expect(await client.once('resumed')).toEqual({ complete: true });
    expect(received.map(({ text }) => text)).toEqual(['one', 'two', 'three']);
    const live = client.once('message');
    server.peers[1]!.notify(push(3n, 'three', now + 5n));
    server.peers[1]!.notify(push(4n, 'four', now + 6n));
    await live;
    expect(received.map(({ text }) => text)).toEqual(['one', 'two', 'three', 'four']);
  });

  test('it goes through as many pages as there are', async () => {
    const client = await signedIn();
    const texts: string[] = [];
    client.on('message', ({ message }) => texts.push(message.text));
    const now = BigInt(Date.now());
    // Several share a millisecond, so that page boundaries fall within one.
    const store = Array.from({ length: 950 }, (_, i) => ({
      id: BigInt(i + 1),
      deliveryDate: now + BigInt(Math.floor(i / 7)),
      text: `${i}`,
    }));
    serveStore(store);
    server.peers[0]!.socket.terminate();
    expect(await client.once('resumed')).toEqual({ complete: true });
    expect(texts).toEqual(store.map(({ text }) => text));
  });

  test('more than it fetches by itself is told', async () => {
    const client = await signedIn();
    const now = BigInt(Date.now());
    serveStore(Array.from({ length: 1500 }, (_, i) => ({ id: BigInt(i + 1), deliveryDate: now, text: '' })));
    server.peers[0]!.socket.terminate();
    expect(await client.once('resumed')).toEqual({ complete: false });
  });

  test('a connection lost while catching up continues from the same point', async () => {
    const client = await signedIn();
    const received: string[] = [];
    client.on('message', ({ message }) => received.push(message.text));
    const now = BigInt(Date.now());
    const first = client.once('message');
    server.peers[0]!.notify(push(1n, 'one', now));
    await first;
    server.answer = ({ kind }, peer) => {
      if (kind.case !== 'queryMessagesRequest') return undefined;
      peer.socket.terminate();
      return 'silence';
    };
    const dropped = server.nextRequest(isKind('queryMessagesRequest'));
    server.peers[0]!.socket.terminate();
    await dropped;
    serveStore([{ id: 2n, deliveryDate: now + 1n, text: 'two' }]);
    await client.once('resumed');
    expect(received).toEqual(['one', 'two']);
  });

  test('an own message is not brought back', async () => {
    const client = await signedIn();
    const received: string[] = [];
    client.on('message', ({ message }) => received.push(message.text));
    server.answer = () => ({ data: { kind: { case: 'long', value: 77n } } });
    const sent = await client.messages.sendToGroup(10n, 'mine');
    expect(sent.id).toBe(77n);
    serveStore([{ id: 77n, deliveryDate: BigInt(sent.sentAt), text: 'mine' }]);
    server.peers[0]!.socket.terminate();
    await client.once('resumed');
    expect(received).toEqual([]);
  });
});
