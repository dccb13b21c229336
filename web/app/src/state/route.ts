import { useSyncExternalStore } from 'react';

/** What the address says is shown: a group, and what of it. */
export interface Route {
  groupId?: bigint;
  view: 'conversation' | 'members' | 'meeting';
}

export function parseRoute(hash: string): Route {
  const match = /^#\/g\/(\d{1,19})(?:\/(members|meeting))?$/.exec(hash);
  if (!match) return { view: 'conversation' };
  return { groupId: BigInt(match[1]!), view: (match[2] as Route['view'] | undefined) ?? 'conversation' };
}

export function formatRoute({ groupId, view }: Route): string {
  if (groupId === undefined) return '#/';
  return `#/g/${groupId}${view === 'conversation' ? '' : `/${view}`}`;
}

/** Shows something else; `replace` leaves no way back to what was shown before. */
export function navigate(route: Route, { replace = false } = {}): void {
  const hash = formatRoute(route);
  if (hash === window.location.hash) return;
  if (replace) {
    window.history.replaceState(null, '', hash);
    window.dispatchEvent(new HashChangeEvent('hashchange'));
  } else {
    window.location.hash = hash;
  }
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
