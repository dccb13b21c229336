import { useSyncExternalStore } from 'react';
import { type ConversationKey, groupKey, parseKey } from './conversationKey';

/** What is no conversation. */
export type Page = 'settings' | 'contacts';
const pages: readonly string[] = ['settings', 'contacts'] satisfies Page[];

/** What the address says is shown: a conversation, and what of it. */
export interface Route {
  key?: ConversationKey;
  view: 'conversation' | 'members' | 'meeting' | Page;
}

export function parseRoute(hash: string): Route {
  if (pages.includes(hash.slice(2))) return { view: hash.slice(2) as Page };
  const match = /^#\/([gu])\/(\d{1,19})(?:\/(members|meeting))?$/.exec(hash);
  const key = match && parseKey(`${match[1]}${match[2]}`);
  if (!match || !key) return { view: 'conversation' };
  const view = (match[3] as Route['view'] | undefined) ?? 'conversation';
  return { key, view: key.startsWith('g') ? view : 'conversation' };
}

export function formatRoute({ key, view }: Route): string {
  if (key === undefined) return pages.includes(view) ? `#/${view}` : '#/';
  return `#/${key[0]}/${key.slice(1)}${view === 'conversation' ? '' : `/${view}`}`;
}

/** Shows something else; `replace` leaves no way back to what was shown before. */
export function navigate(route: Route | { groupId: bigint; view: Route['view'] }, { replace = false } = {}): void {
  const hash = formatRoute('groupId' in route ? { key: groupKey(route.groupId), view: route.view } : route);
  if (hash === window.location.hash) return;
  if (replace) {
    window.history.replaceState(null, '', hash);
    window.dispatchEvent(new HashChangeEvent('hashchange'));
  } else {
    window.location.hash = hash;
  }
}

let beforePage: Route = { view: 'conversation' };

/** Shows the page; closing it shows again what is shown now. */
export function openPage(page: Page): void {
  if (!pages.includes(current().view)) beforePage = current();
  navigate({ view: page });
}

export function closePage(): void {
  navigate(beforePage);
}

function subscribe(onChange: () => void): () => void {
  window.addEventListener('hashchange', onChange);
  return () => window.removeEventListener('hashchange', onChange);
}

let lastHash: string | undefined;
let lastRoute: Route = { view: 'conversation' };

function current(): Route {
  if (window.location.hash !== lastHash) {
    lastHash = window.location.hash;
    lastRoute = parseRoute(lastHash);
  }
  return lastRoute;
}

export function useRoute(): Route {
  return useSyncExternalStore(subscribe, current);
}
