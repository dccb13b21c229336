import { parseAttachment } from 'turms-client';
import { describe, expect, test, vi } from 'vitest';
import { countUnsent } from '../src/state/outbox';
import type { AppState } from '../src/state/store';
import type { Locks } from '../src/state/tabLock';
import { FakeLocks, groupId, key, newPage, opened, server, signedIn, texts } from './pages';

vi.mock('../src/meeting/room', () => import('./fakeRoom'));

describe('writing', () => {
  test('a message is shown at once, sent, and arrives at the others', async () => {
    const alice = await signedIn(1n);
    const bob = await signedIn(2n);
    const sent = alice.app.writing.send(key(), 'hello');
    expect(alice.state().conversations.get(key())!.entries).toMatchObject([{ text: 'hello', status: 'sending' }]);
    await sent;
    expect(alice.state().conversations.get(key())!.entries).toMatchObject([{ text: 'hello', status: 'sent' }]);
    await bob.until((state) => texts(state).includes('hello'));
    expect(bob.state().conversations.get(key())!.unread).toBe(1);
    await bob.app.conversations.markRead(key());
    expect(bob.state().conversations.get(key())!.unread).toBe(0);
  });

  test('one that is refused can be sent again or discarded', async () => {
    const { app, state } = await signedIn(1n);
    server.refuse.set('createMessageRequest', 5008);
    await app.writing.send(key(), 'hello');
    const [entry] = state().conversations.get(key())!.entries;
    expect(entry).toMatchObject({ status: 'failed', error: { code: 5008 } });
    server.refuse.clear();
    await app.writing.resend(key(), entry!.key);
    expect(state().conversations.get(key())!.entries).toMatchObject([{ status: 'sent' }]);
  });

  test('files are seen first, sent several at once, and go with their messages', async () => {
    const alice = await signedIn(1n);
    const waiting = new Map<string, (status: number) => void>();
    vi.stubGlobal('fetch', (_url: string, { body, signal }: { body: FormData; signal: AbortSignal }) => {
      const { name } = body.get('file') as File;
      return new Promise<Response>((resolve, reject) => {
        waiting.set(name, (status) => resolve(new Response(null, { status })));
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    });
    const states = () => (alice.state().uploads.get(key()) ?? []).map(({ name, state }) => [name, state]);
    const idOf = (name: string) => alice.state().uploads.get(key())!.find((each) => each.name === name)!.id;
    const files = ['a.txt', 'large.bin', 'lost.txt', 'b.png'].map(
      (name) => Object.assign(new Blob(['abc'], { type: 'image/png' }), { name }) as File,
    );
    alice.app.uploads.choose(key(), files);
    expect(states()).toEqual(files.map(({ name }) => [name, 'chosen']));
    expect(waiting.size).toBe(0);
    const sent = alice.app.uploads.start(key());
    await vi.waitFor(() => expect([...waiting.keys()]).toEqual(['a.txt', 'large.bin', 'lost.txt']));
    expect(states().at(-1)).toEqual(['b.png', 'waiting']);
    waiting.get('large.bin')!(413);
    waiting.get('lost.txt')!(500);
    await vi.waitFor(() => expect(waiting.has('b.png')).toBe(true));
    alice.app.uploads.cancel(key(), idOf('a.txt'));
    waiting.get('b.png')!(204);
    await sent;
    expect(states()).toEqual([
      ['large.bin', 'tooLarge'],
      ['lost.txt', 'failed'],
    ]);
    waiting.clear();
    const again = alice.app.uploads.retry(key(), idOf('lost.txt'));
    await vi.waitFor(() => expect(waiting.has('lost.txt')).toBe(true));
    waiting.get('lost.txt')!(204);
    await again;
    vi.unstubAllGlobals();
    const [first, second] = alice.state().conversations.get(key())!.entries;
    expect(parseAttachment(first!.text)).toMatchObject({ name: 'b.png', mediaType: 'image/png', size: 3 });
    expect(parseAttachment(second!.text)).toMatchObject({ name: 'lost.txt' });
    await alice.app.writing.recall(key(), first!.id!);
    expect(server.deletedFiles).toEqual([parseAttachment(first!.text)!.id]);
  });

  test('files become messages in the order in which they were chosen', async () => {
    const alice = await signedIn(1n);
    const waiting = new Map<string, () => void>();
    vi.stubGlobal('fetch', (_url: string, { body }: { body: FormData }) => {
      const { name } = body.get('file') as File;
      return new Promise<Response>((resolve) => waiting.set(name, () => resolve(new Response(null, { status: 204 }))));
    });
    const names = ['first.txt', 'second.txt', 'third.txt'];
    alice.app.uploads.choose(key(), names.map((name) => Object.assign(new Blob(['abc']), { name }) as File));
    const sent = alice.app.uploads.start(key());
    await vi.waitFor(() => expect(waiting.size).toBe(3));
    for (const name of [...names].reverse()) waiting.get(name)!();
    await sent;
    vi.unstubAllGlobals();
    const { entries } = alice.state().conversations.get(key())!;
    expect(entries.map(({ text }) => parseAttachment(text)?.name)).toEqual(names);
  });

  test('what is written without a connection waits for it, and is sent in order', async () => {
    const alice = await signedIn(1n);
    const bob = await signedIn(2n);
    server.refuse.set('createSessionRequest', 1201);
    server.dropConnections();
    await alice.until(({ connection }) => connection === 'waiting');
    const written = ['one', 'two', 'three', 'four'];
    for (const text of written) await alice.app.writing.send(key(), text);
    expect(alice.state().conversations.get(key())!.entries.map(({ status }) => status)).toEqual(written.map(() => 'waiting'));
    server.refuse.clear();
    await alice.until((state) => state.conversations.get(key())!.entries.every(({ status }) => status === 'sent'));
    await bob.until((state) => texts(state).length === 4);
    expect(texts(bob.state())).toEqual(written);
    expect(texts(alice.state())).toEqual(written);
  });

  test('what was sent and lost its answer is not sent again by itself', async () => {
    const alice = await signedIn(1n);
    server.silent.add('createMessageRequest');
    const sent = alice.app.writing.send(key(), 'one');
    await vi.waitUntil(() => server.received.get('createMessageRequest') === 1);
    server.dropConnections();
    await sent;
    expect(alice.state().conversations.get(key())!.entries).toMatchObject([{ status: 'uncertain' }]);
    server.silent.clear();
    await alice.app.writing.send(key(), 'two');
    await alice.until((state) => state.conversations.get(key())!.entries.some(({ status }) => status === 'sent'));
    expect(server.messages.map(({ text }) => text)).toEqual(['two']);
  });

  /** A page that lost its connection, and wrote these texts then. */
  const writtenOffline = async (written: string[], locks?: Locks) => {
    const page = await signedIn(1n, locks);
    server.refuse.set('createSessionRequest', 1201);
    server.dropConnections();
    await page.until(({ connection }) => connection === 'waiting');
    for (const text of written) await page.app.writing.send(key(), text);
    return page;
  };
  const statuses = (state: AppState) => (state.conversations.get(key())?.entries ?? []).map(({ text, status }) => [text, status]);

  test('what waits survives a page loaded anew, and is sent by it once and in order', async () => {
    const before = await writtenOffline(['one', 'two']);
    before.client.signOut();
    server.refuse.clear();
    const again = newPage();
    await again.app.restore();
    await again.until(({ conversations }) => conversations.get(key())?.entries.at(-1)?.status === 'sent');
    expect(server.messages.map(({ text }) => text)).toEqual(['one', 'two']);
    const third = await signedIn(1n);
    expect(statuses(third.state())).toEqual([
      ['one', 'sent'],
      ['two', 'sent'],
    ]);
  });

  test('what waits is sent by one of two tabs only', async () => {
    const locks = new FakeLocks();
    const first = await writtenOffline(['one', 'two'], locks);
    server.refuse.clear();
    const second = newPage(locks);
    await second.app.restore();
    await second.app.useHere();
    // Which of the two was faster: what waits is sent by it alone.
    await opened(second);
    await second.until((state) => statuses(state).length === 2 && statuses(state).every(([, status]) => status === 'sent'));
    await first.app.useHere();
    await opened(first);
    expect(server.messages.map(({ text }) => text)).toEqual(['one', 'two']);
    expect(statuses(first.state())).toEqual([
      ['one', 'sent'],
      ['two', 'sent'],
    ]);
  });

  test('a page that another has taken over from changes nothing of what is kept', async () => {
    const first = await writtenOffline(['one']);
    const second = newPage();
    server.refuse.clear();
    server.refuse.set('createMessageRequest', 5008);
    await second.app.restore();
    await second.until(({ conversations }) => conversations.get(key())?.entries[0]?.status === 'failed');
    first.app.writing.discard(key(), first.state().conversations.get(key())!.entries[0]!.key);
    const third = newPage();
    await third.app.restore();
    await opened(third);
    expect(third.state().conversations.get(key())!.entries).toMatchObject([{ text: 'one', status: 'failed', error: { code: 5008 } }]);
  });

  test('what another page of the user has taken over is not sent here as well', async () => {
    const { state, until } = await writtenOffline(['one', 'two']);
    window.localStorage.setItem('turms.unsent.1', JSON.stringify({ owner: 'another', messages: [] }));
    server.refuse.clear();
    await until(() => statuses(state()).every(([, status]) => status === 'uncertain'));
    expect(server.messages).toEqual([]);
  });

  test('what was being sent when the page went away is not sent again by itself', async () => {
    const alice = await signedIn(1n);
    server.silent.add('createMessageRequest');
    void alice.app.writing.send(key(), 'one');
    await vi.waitUntil(() => server.received.get('createMessageRequest') === 1);
    server.silent.clear();
    const again = newPage();
    await again.app.restore();
    await opened(again);
    expect(statuses(again.state())).toEqual([['one', 'uncertain']]);
    const { key: entryKey } = again.state().conversations.get(key())!.entries[0]!;
    await again.app.writing.resend(key(), entryKey);
    expect(server.messages.map(({ text }) => text)).toEqual(['one']);
  });

  test('what waits can be discarded, and stays so', async () => {
    const alice = await writtenOffline(['one', 'two']);
    alice.app.writing.discard(key(), alice.state().conversations.get(key())!.entries[0]!.key);
    expect(countUnsent(alice.state())).toBe(1);
    alice.client.signOut();
    server.refuse.clear();
    await signedIn(1n);
    await vi.waitUntil(() => server.messages.length > 0);
    expect(server.messages.map(({ text }) => text)).toEqual(['two']);
  });

  test('what waits is kept when the server ends the session, and not when the user signs out', async () => {
    server.refuse.set('createMessageRequest', 5008);
    const { app, state, until } = await signedIn(1n);
    await app.writing.send(key(), 'one');
    server.closeSession(1n, 500);
    await until(({ phase }) => phase === 'signedOut');
    await app.signIn('1', 'turms');
    await until(({ conversations }) => conversations.get(key())?.entries.length === 1);
    await app.signOut();
    await app.signIn('2', 'turms');
    await until(({ conversationsLoaded }) => conversationsLoaded);
    await app.conversations.open(key());
    expect(statuses(state())).toEqual([]);
    await app.signOut();
    await app.signIn('1', 'turms');
    await until(({ conversationsLoaded }) => conversationsLoaded);
    await app.conversations.open(key());
    expect(statuses(state())).toEqual([]);
  });

  test('what was written long ago is shown rather than sent by itself', async () => {
    const messages = [{ groupId: `${groupId}`, text: 'late', writtenAt: Date.now() - 25 * 60 * 60_000, status: 'waiting' }];
    window.localStorage.setItem('turms.unsent.1', JSON.stringify({ owner: '', messages: [...messages, { text: 'broken' }] }));
    const { state } = await signedIn(1n);
    expect(statuses(state())).toEqual([['late', 'failed']]);
  });

  test('no more than a hundred are kept, and all of them are sent as long as the page is there', async () => {
    const written = Array.from({ length: 103 }, (_, i) => `m${i}`);
    const alice = await writtenOffline(written);
    const kept = JSON.parse(window.localStorage.getItem('turms.unsent.1')!) as { messages: { text: string }[] };
    expect(kept.messages.map(({ text }) => text)).toEqual(written.slice(0, 100));
    server.refuse.clear();
    await alice.until(() => server.messages.length === written.length);
  });

  test('edits and recalls reach the others', async () => {
    const alice = await signedIn(1n);
    const bob = await signedIn(2n);
    await alice.app.writing.send(key(), 'draft');
    const { id } = alice.state().conversations.get(key())!.entries[0]!;
    await bob.until((state) => texts(state).includes('draft'));
    await alice.app.writing.edit(id!, 'final');
    await bob.until((state) => texts(state).includes('final'));
    await alice.app.writing.recall(key(), id!);
    await bob.until((state) => !texts(state).includes('final'));
    await alice.until((state) => state.conversations.get(key())!.entries[0]?.system?.kind === 'recalled');
    expect(bob.state().conversations.get(key())!.entries.length).toBe(1);
    expect(alice.state().conversations.get(key())!.entries.length).toBe(1);
  });

  test('private messages are shown to both, in the list and when it is opened', async () => {
    const alice = await signedIn(1n);
    const bob = await signedIn(2n);
    await alice.app.conversations.open('u2');
    await alice.app.writing.send('u2', 'between us');
    expect(alice.state().conversations.get('u2')!.entries).toMatchObject([{ text: 'between us', status: 'sent', sequence: 1n }]);
    await bob.until(({ conversations }) => conversations.get('u1')?.unread === 1);
    expect(bob.state().conversations.get('u1')).toMatchObject({ isLoaded: false, last: { text: 'between us' } });
    await bob.app.conversations.open('u1');
    expect(bob.state().conversations.get('u1')!.entries).toMatchObject([{ text: 'between us' }]);
    await bob.app.conversations.markRead('u1');
    await alice.until(({ conversations }) => conversations.get('u2')!.theirReadSequence === 1n);
    const again = await signedIn(2n);
    expect(again.state().conversations.get('u1')).toMatchObject({ unread: 0, last: { text: 'between us' } });
  });

  test('an answer names what it answers, also to whom that is not loaded', async () => {
    const alice = await signedIn(1n);
    const asked = server.post(groupId, 2n, 'who?');
    for (let i = 0; i < 60; i += 1) server.post(groupId, 3n, `m${i}`);
    alice.app.writing.answer(key(), asked.id);
    await alice.app.writing.send(key(), 'me');
    expect(alice.state().answering.size).toBe(0);
    expect(server.messages.at(-1)).toMatchObject({ text: 'me', preMessageId: asked.id });
    await alice.app.conversations.needQuoted([asked.id, 99n]);
    expect(alice.state().quoted.get(asked.id)).toMatchObject({ text: 'who?', senderId: 2n, sequence: 1n });
    expect(alice.state().quoted.get(99n)).toBe('gone');
  });

  test('reactions and pins reach the others, and a reaction that is refused goes away again', async () => {
    const alice = await signedIn(1n);
    const bob = await signedIn(2n);
    await alice.app.writing.send(key(), 'hello');
    await bob.until((state) => texts(state).includes('hello'));
    const { id } = bob.state().conversations.get(key())!.entries[0]!;
    await bob.app.writing.react(id!, 0x1f44d, true);
    const reactionsOf = (state: AppState) => state.conversations.get(key())!.entries[0]!.reactions;
    await alice.until((state) => reactionsOf(state)?.length === 1);
    expect(reactionsOf(alice.state())).toEqual([{ type: 0x1f44d, count: 1, userIds: [2n] }]);
    server.refuse.set('createMessageReactionsRequest', 1102);
    await bob.app.writing.react(id!, 7, true);
    expect(reactionsOf(bob.state())).toHaveLength(1);
    await bob.app.conversations.refreshPins(key());
    await alice.app.writing.pin(key(), id!, true);
    await bob.until(({ pins }) => pins.get(key())?.length === 1);
  });

  test('a message is forwarded to another conversation', async () => {
    const alice = await signedIn(1n);
    const { id } = server.post(groupId, 2n, 'to be passed on');
    await alice.app.writing.forward(id, 'u3', 'Carol');
    expect(alice.state().conversations.get('u3')).toMatchObject({ last: { text: 'to be passed on' } });
  });

  test('a message far back is shown in a stretch of its own, from which one comes back to the newest', async () => {
    for (let i = 1; i <= 400; i += 1) server.post(groupId, 2n, `m${i}`);
    server.read.set(`1 g${groupId}`, 400n);
    const { app, state } = await signedIn(1n);
    await app.conversations.showPlace(key(), 100n);
    const stretch = () => state().conversations.get(key())!;
    expect(stretch()).toMatchObject({ hasOlder: true, hasNewer: true });
    expect(texts(state())).toContain('m100');
    expect(texts(state())).not.toContain('m400');
    await app.conversations.loadNewer(key());
    const places = stretch().entries.map(({ sequence }) => Number(sequence));
    expect(places).toEqual(places.map((_, index) => places[0]! + index));
    await app.writing.send(key(), 'now');
    expect(stretch().hasNewer).toBe(false);
    expect(texts(state()).slice(-2)).toEqual(['m400', 'now']);
  });

  test('typing is shown until the message comes', async () => {
    const alice = await signedIn(1n);
    const bob = await signedIn(2n);
    alice.app.writing.typing(key());
    await bob.until(({ typing }) => typing.get(key())?.has(1n));
    await alice.app.writing.send(key(), 'done');
    await bob.until(({ typing }) => !typing.has(key()));
  });

  test('history pages back without holes, also within one millisecond', async () => {
    const deliveryDate = BigInt(Date.now()) - 1000n;
    const expected = Array.from({ length: 130 }, (_, i) => `m${i}`);
    for (const [i, text] of expected.entries()) {
      server.post(groupId, 2n, text, { deliveryDate: deliveryDate + BigInt(Math.floor(i / 4)) });
    }
    const { app, state } = await signedIn(1n);
    while (state().conversations.get(key())!.hasOlder) await app.conversations.loadOlder(key());
    expect(texts(state())).toEqual(expected);
  });

  test('what came while there was no connection is there afterwards', async () => {
    const { state, until } = await signedIn(1n);
    server.post(groupId, 2n, 'missed');
    server.dropConnections();
    await until(() => texts(state()).includes('missed'));
    expect(state().conversations.get(key())!.unread).toBe(1);
  });
});

test('messages of others and calls are told, what is one’s own is not', async () => {
  const alice = await signedIn(1n);
  const bob = await signedIn(2n);
  await alice.app.writing.send(key(), 'hello');
  await vi.waitUntil(() => bob.notices.length === 1);
  await alice.app.meetings.start(groupId);
  await vi.waitUntil(() => bob.notices.length === 2);
  expect(bob.notices).toEqual([
    { kind: 'message', key: key(), senderId: 1n, text: 'hello' },
    { kind: 'call', groupId, callerId: 1n },
  ]);
  expect(alice.notices).toEqual([]);
});
