import { useSyncExternalStore } from 'react';
import { type ConversationKey, groupKey, parseKey } from './conversationKey';

/** What the address says is shown: a conversation, and what of it. */
export interface Route {
  key?: ConversationKey;
  view: 'conversation' | 'members' | 'meeting' | 'settings';
}

export function parseRoute(hash: string): Route {
  if (hash === '#/settings') return { view: 'settings' };
  const match = /^#\/([gu])\/(\d{1,19})(?:\/(members|meeting))?$/.exec(hash);
  const key = match && parseKey(`${match[1]}${match[2]}`);
  if (!match || !key) return { view: 'conversation' };
  const view = (match[3] as Route['view'] | undefined) ?? 'conversation';
  return { key, view: key.startsWith('g') ? view : 'conversation' };
}

export function formatRoute({ key, view }: Route): string {
  if (key === undefined) return view === 'settings' ? '#/settings' : '#/';
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

let beforeSettings: Route = { view: 'conversation' };

/** Shows the settings; closing them shows again what is shown now. */
export function openSettings(): void {
  if (current().view !== 'settings') beforeSettings = current();
  navigate({ view: 'settings' });
}

export function closeSettings(): void {
  navigate(beforeSettings);
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
