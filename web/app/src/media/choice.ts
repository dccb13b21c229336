import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type { Background } from './background/effect';
import type { ScreenContent } from './encoding';
import type { SavingWish } from './saving';

export const backgrounds = ['none', 'blur', 'hills', 'study', 'own'] as const;
export const sounds = ['voice', 'clear', 'music'] as const;

export const savings = ['auto', 'on', 'off'] as const;

/** What a person wants done with their picture and sound, in this browser. */
export interface EffectChoice {
  background: (typeof backgrounds)[number];
  /** The picture for `own`, as an address with its data. */
  ownPicture: string | undefined;
  /** `voice`: what the browser does by itself; `clear`: noise is taken out; `music`: nothing is, and it is stereo. */
  sound: (typeof sounds)[number];
  /** Whether voices come from where the people are on the screen. */
  isSpatial: boolean;
  /** Whether the device is spared: by itself, never, or always. */
  saving: SavingWish;
  /** Which of the two cameras of a phone. */
  facing: 'user' | 'environment';
  screen: ScreenContent;
}

const storageKey = 'turms.effects';
/** Longer ones are not kept: the storage of a page is small. */
export const mostPictureLength = 1_000_000;

export function readEffectChoice(text: string | null): EffectChoice {
  let stored: Partial<Record<keyof EffectChoice, unknown>> = {};
  try {
    stored = (JSON.parse(text ?? '{}') as typeof stored | null) ?? {};
  } catch {
    // What cannot be read is as if nothing had been chosen.
  }
  const own = stored.ownPicture;
  const ownPicture = typeof own === 'string' && /^data:image\/(jpeg|png|webp);base64,/.test(own) ? own : undefined;
  const background = backgrounds.find((each) => each === stored.background) ?? 'none';
  return {
    background: background === 'own' && ownPicture === undefined ? 'none' : background,
    ownPicture,
    sound: sounds.find((each) => each === stored.sound) ?? 'voice',
    isSpatial: stored.isSpatial === true,
    saving: savings.find((each) => each === stored.saving) ?? 'auto',
    facing: stored.facing === 'environment' ? 'environment' : 'user',
    screen: stored.screen === 'motion' ? 'motion' : 'text',
  };
}

function load(): EffectChoice {
  try {
    return readEffectChoice(window.localStorage.getItem(storageKey));
  } catch {
    return readEffectChoice(null);
  }
}

export const effectChoice = createStore<EffectChoice>()(() => load());

export function useEffectChoice(): EffectChoice {
  return useStore(effectChoice);
}

export function chooseEffects(change: Partial<EffectChoice>): void {
  effectChoice.setState(change);
  try {
    window.localStorage.setItem(storageKey, JSON.stringify(effectChoice.getState()));
  } catch {
    // Not kept; the page goes on with what it has in memory.
  }
}

/** The background of a choice; always the same object for the same one. */
export function backgroundOf({ background, ownPicture }: EffectChoice, pictures: Readonly<Record<'hills' | 'study', string>>): Background | undefined {
  switch (background) {
    case 'none':
      return undefined;
    case 'blur':
      return same({ kind: 'blur' });
    case 'own':
      return ownPicture === undefined ? undefined : same({ kind: 'picture', address: ownPicture });
    default:
      return same({ kind: 'picture', address: pictures[background] });
  }
}

let last: Background = { kind: 'blur' };

function same(wanted: Background): Background {
  const isSame = wanted.kind === 'blur' ? last.kind === 'blur' : last.kind === 'picture' && last.address === wanted.address;
  if (!isSame) last = wanted;
  return last;
}
