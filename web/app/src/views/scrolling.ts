import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';

const nearBottomPx = 80;

export interface Bottom {
  isAtBottom: boolean;
  /** To be called when the list was scrolled, by whomever. */
  noteScroll: () => void;
  /** Goes to the bottom, and stays there until the user scrolls up. */
  stick: () => void;
  /** Leaves the bottom, for another place of the list. */
  letGo: () => void;
}

/**
 * The one owner of whether a list stays at its end: as long as it does, whatever makes the list or its frame larger or
 * smaller, such as an editor that opens, a picture that loads or a keyboard that comes up, leaves the end in view. Only
 * scrolling up ends it.
 */
export function useBottom(scroller: RefObject<HTMLElement | null>, content: RefObject<HTMLElement | null>, starts: boolean): Bottom {
  const [isAtBottom, setIsAtBottom] = useState(starts);
  const sticks = useRef(starts);
  const lastTop = useRef(0);
  /** What is pressed must not move away before it is let go, or nothing is clicked. */
  const isPressed = useRef(false);

  const set = useCallback((value: boolean) => {
    sticks.current = value;
    setIsAtBottom(value);
  }, []);
  const toEnd = useCallback(() => {
    const element = scroller.current;
    if (!element || !sticks.current || isPressed.current) return;
    element.scrollTop = element.scrollHeight;
    lastTop.current = element.scrollTop;
  }, [scroller]);
  const stick = useCallback(() => {
    set(true);
    toEnd();
  }, [set, toEnd]);
  const letGo = useCallback(() => set(false), [set]);
  const noteScroll = useCallback(() => {
    const element = scroller.current;
    if (!element) return;
    const isNear = isNearEnd(element);
    const wentUp = element.scrollTop < lastTop.current - 1;
    lastTop.current = element.scrollTop;
    if (isNear) set(true);
    // What grew below has not moved the list.
    else if (wentUp) set(false);
  }, [scroller, set]);

  useEffect(() => {
    const press = () => (isPressed.current = true);
    const release = () => (isPressed.current = false);
    const element = scroller.current;
    element?.addEventListener('pointerdown', press);
    for (const end of ['pointerup', 'pointercancel']) window.addEventListener(end, release, true);
    return () => {
      element?.removeEventListener('pointerdown', press);
      for (const end of ['pointerup', 'pointercancel']) window.removeEventListener(end, release, true);
    };
  }, [scroller]);
  useLayoutEffect(toEnd);
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      // All of it may fit, so that it never scrolls.
      if (scroller.current && isNearEnd(scroller.current)) set(true);
      toEnd();
    });
    for (const element of [scroller.current, content.current]) if (element) observer.observe(element);
    return () => observer.disconnect();
  }, [scroller, content, set, toEnd]);
  return { isAtBottom, noteScroll, stick, letGo };
}

function isNearEnd(element: HTMLElement): boolean {
  return element.scrollHeight - element.scrollTop - element.clientHeight < nearBottomPx;
}
