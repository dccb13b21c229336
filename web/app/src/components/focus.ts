import { type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useRef } from 'react';

/** Whether the pointer is a finger: focus in a text field opens a keyboard over half of the page, and Enter is a line. */
export function isTouch(): boolean {
  return window.matchMedia('(pointer: coarse)').matches;
}

/** Nobody has the focus: whoever uses the keyboard would have to begin at the top of the page. */
function isFocusLost(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}

/** For what takes the whole place: the focus goes to the element when it appears. */
export function useFocusOnMount<T extends HTMLElement>(): RefObject<T | null> {
  const element = useRef<T>(null);
  useEffect(() => element.current?.focus(), []);
  return element;
}

/** The element takes the focus when nobody has it, now and whenever `reason` changes. */
export function useFocusWhenLost<T extends HTMLElement>(reason?: unknown): RefObject<T | null> {
  const element = useRef<T>(null);
  useEffect(() => {
    if (isFocusLost()) element.current?.focus();
  }, [reason]);
  return element;
}

/** When what has the focus inside of the element goes away with a rendering, the element takes it. */
export function useFocusKept<T extends HTMLElement>(): RefObject<T | null> {
  const element = useRef<T>(null);
  const hadFocus = element.current?.contains(document.activeElement) ?? false;
  useLayoutEffect(() => {
    if (hadFocus && isFocusLost()) element.current?.focus();
  });
  return element;
}

export interface Panel {
  ref: RefObject<HTMLElement | null>;
  tabIndex: number;
  onKeyDown: (event: KeyboardEvent) => void;
}

/** A panel beside something: the focus goes into it when it opens and back when it closes; Escape closes it. */
export function usePanel(onClose: () => void): Panel {
  const panel = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const element = panel.current;
    const opener = document.activeElement;
    element?.focus();
    return () => {
      const isHere = isFocusLost() || element?.contains(document.activeElement);
      if (isHere && opener instanceof HTMLElement) opener.focus();
    };
  }, []);
  return {
    ref: panel,
    tabIndex: -1,
    onKeyDown: (event) => {
      if (event.key !== 'Escape' || event.nativeEvent.isComposing || event.defaultPrevented) return;
      // A question that is asked from here closes by itself.
      if ((event.target as Element).closest('dialog')) return;
      onClose();
    },
  };
}

const bars = new Set<HTMLElement>();

/** What lies at the lower edge of the page: passing messages appear above it. */
export function useBottomBar<T extends HTMLElement>(): RefObject<T | null> {
  const bar = useRef<T>(null);
  useLayoutEffect(() => {
    const element = bar.current;
    if (!element) return undefined;
    const measure = () => {
      const tops = [...bars].map((each) => each.getBoundingClientRect()).filter(({ height }) => height > 0);
      const highest = Math.min(window.innerHeight, ...tops.map(({ top }) => top));
      document.documentElement.style.setProperty('--bottom-bar', `${Math.round(window.innerHeight - highest)}px`);
    };
    bars.add(element);
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    window.addEventListener('resize', measure);
    return () => {
      bars.delete(element);
      observer.disconnect();
      window.removeEventListener('resize', measure);
      measure();
    };
  }, []);
  return bar;
}
