// Pages of the app without a browser, on a server that speaks the protocol over a real connection.
import { afterEach, beforeEach, vi } from 'vitest';
import { WebSocket } from 'ws';
import { TurmsClient, type WebSocketConstructor } from 'turms-client';
import { App } from '../src/state/app';
import { groupKey } from '../src/state/conversationKey';
import type { Notice } from '../src/state/notices';
import type { Locks } from '../src/state/tabLock';
import { type AppState, createAppStore } from '../src/state/store';
import { roomFailures, rooms } from './fakeRoom';
import { FakeTurms } from './fakeServer';
import { MemoryStorage } from './memoryStorage';

/** The server of the running test. */
export let server: FakeTurms;
/** Of alice (1, its owner), bob (2) and carol (3). */
export let groupId: bigint;
/** Of the conversation of the group. */
export const key = () => groupKey(groupId);
const pages: { app: App; client: TurmsClient }[] = [];

beforeEach(async () => {
  vi.stubGlobal('window', { localStorage: new MemoryStorage(), sessionStorage: new MemoryStorage() });
  rooms.length = 0;
  roomFailures.length = 0;
  server = await FakeTurms.start();
  groupId = server.addGroup('Team', [
    [1n, 0],
    [2n, 2],
    [3n, 2],
  ]);
});

afterEach(async () => {
  for (const { client } of pages.splice(0)) client.signOut();
  await server.stop();
});

/** The locks that the pages of one browser share, as far as the app uses them. */
export class FakeLocks implements Locks {
  private readonly held = new Map<string, (error: Error) => void>();

  async request(name: string, { steal }: { steal?: boolean }, whileHeld: () => Promise<void>) {
    // The browser's lock is waited for, too.
    if (!steal) await vi.waitUntil(() => !this.held.has(name), { timeout: 20, interval: 1 });
    this.held.get(name)?.(new Error('stolen'));
    let give: (error: Error) => void = () => {};
    const taken = new Promise<never>((_, reject) => {
      give = reject;
    });
    this.held.set(name, give);
    await Promise.race([whileHeld(), taken]);
    if (this.held.get(name) === give) this.held.delete(name);
  }
}

export function newPage(locks?: Locks) {
  const client = new TurmsClient({
    url: `ws://${server.origin}/turms`,
    webSocket: WebSocket as unknown as WebSocketConstructor,
    reconnectInitialDelayMs: 2,
    reconnectMaxDelayMs: 4,
  });
  const store = createAppStore();
  const shown: (bigint | 'start')[] = [];
  const notices: Notice[] = [];
  const app = new App({
    client,
    store,
    mediaUrl: 'ws://media',
    rejoinPausesMs: [2, 2, 2, 2, 2, 2],
    locks,
    notify: (notice) => notices.push(notice),
    showMeeting: (id) => shown.push(id),
    showStart: () => shown.push('start'),
  });
  pages.push({ app, client });
  const until = (condition: (state: AppState) => unknown) =>
    vi.waitUntil(() => condition(store.getState()), { timeout: 4000, interval: 2 });
  return { app, client, store, shown, notices, until, state: () => store.getState() };
}

/** With the group open. */
export async function opened(page: ReturnType<typeof newPage>) {
  await page.until(({ conversationsLoaded, groupsLoaded }) => conversationsLoaded && groupsLoaded);
  await page.app.conversations.open(key());
  return page;
}

export async function signedIn(userId: bigint, locks?: Locks) {
  const page = newPage(locks);
  await page.app.signIn(`${userId}`, 'turms');
  await opened(page);
  return page;
}

export const texts = (state: AppState) => state.conversations.get(key())!.entries.map(({ text }) => text);
