import { useStore } from 'zustand';
import { createStore } from 'zustand/vanilla';
import type { ConversationKey } from './conversationKey';

/** A message that is to be shown, wherever in its conversation it stands. */
export interface Spot {
  key: ConversationKey;
  sequence: bigint;
}

const store = createStore<{ spot?: Spot }>()(() => ({}));

/** Has the list of the conversation, when it is shown, go to the message. */
export function showSpot(spot: Spot): void {
  store.setState({ spot });
}

export function clearSpot(): void {
  store.setState(({ spot: _, ...rest }) => rest, true);
}

export function useSpot(key: ConversationKey): Spot | undefined {
  return useStore(store, ({ spot }) => (spot?.key === key ? spot : undefined));
}
