import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';

export const layouts = ['auto', 'grid', 'speaker'] as const;
export const selfViews = ['tile', 'small', 'hidden'] as const;
export const tileNumbers = [1, 2, 4, 9, 16, 25, 49] as const;

/** How a person wants to see meetings in this browser. */
export interface ViewChoice {
  /** `auto`: a grid, and large what somebody shares; `grid`: always a grid; `speaker`: who speaks is large. */
  layout: (typeof layouts)[number];
  /** One's own picture: among the others, small over them, or not there. The others see it in any case. */
  selfView: (typeof selfViews)[number];
  isMirrored: boolean;
  /** At most so many pictures on a page; as many as fit when undefined. */
  maxTiles: number | undefined;
}

const storageKey = 'turms.meetingView';

export function readViewChoice(text: string | null): ViewChoice {
  let stored: Partial<Record<keyof ViewChoice, unknown>> = {};
  try {
    stored = (JSON.parse(text ?? '{}') as typeof stored | null) ?? {};
  } catch {
    // What cannot be read is as if nothing had been chosen.
  }
  return {
    layout: layouts.find((layout) => layout === stored.layout) ?? 'auto',
    selfView: selfViews.find((selfView) => selfView === stored.selfView) ?? 'tile',
    isMirrored: stored.isMirrored !== false,
    maxTiles: tileNumbers.find((number) => number === stored.maxTiles),
  };
}

function load(): ViewChoice {
  try {
    return readViewChoice(window.localStorage.getItem(storageKey));
  } catch {
    return readViewChoice(null);
  }
}

const store = createStore<ViewChoice>()(() => load());

export function useViewChoice(): ViewChoice {
  return useStore(store);
}

export function chooseView(change: Partial<ViewChoice>): void {
  store.setState(change);
  try {
    window.localStorage.setItem(storageKey, JSON.stringify(store.getState()));
  } catch {
    // Not kept; the page goes on with what it has in memory.
  }
}
