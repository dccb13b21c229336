import { useEffect, useRef } from 'react';
import type { MeetingRoom } from './room';

/** What the space bar does something to by itself. */
const ownSpace = 'input, textarea, select, button, a, summary, [contenteditable], [role^=menuitem], [role=option]';

/** While space is held, a muted microphone is on. Only where space has no other meaning. */
export function usePushToTalk(room: MeetingRoom): void {
  const isTalking = useRef(false);
  useEffect(() => {
    const stop = () => {
      if (!isTalking.current) return;
      isTalking.current = false;
      void whenIdle(room).then(() => {
        if (!isTalking.current) return room.setDevice('microphone', false);
      });
    };
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.code !== 'Space' || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (event.target instanceof Element && event.target.closest(ownSpace)) return;
      // Space would scroll.
      event.preventDefault();
      const { on, busy, allowed } = room.state.getState().devices.microphone;
      if (event.repeat || on || busy || !allowed) return;
      isTalking.current = true;
      void room.setDevice('microphone', true);
    };
    const onKeyUp = (event: KeyboardEvent) => {
      if (event.code === 'Space') stop();
    };
    window.addEventListener('keydown', onKeyDown);
    window.addEventListener('keyup', onKeyUp);
    // Who goes to another window lets go of the key there.
    window.addEventListener('blur', stop);
    return () => {
      stop();
      window.removeEventListener('keydown', onKeyDown);
      window.removeEventListener('keyup', onKeyUp);
      window.removeEventListener('blur', stop);
    };
  }, [room]);
}

/** Resolves when the microphone is not being turned on or off any more. */
function whenIdle(room: MeetingRoom): Promise<void> {
  return new Promise((resolve) => {
    const isIdle = () => !room.state.getState().devices.microphone.busy;
    if (isIdle()) return resolve();
    const unsubscribe = room.state.subscribe(() => {
      if (!isIdle()) return;
      unsubscribe();
      resolve();
    });
  });
}
