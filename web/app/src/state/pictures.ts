import { parseAttachment } from 'turms-client';
import { createStore } from 'zustand/vanilla';
import type { ConversationKey } from './conversationKey';
import type { Entry } from './timeline';

/** Pictures that every browser shows. The sender says so; what is no picture after all is shown as a file. */
export const pictureTypes: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp']);

export interface Picture {
  id: bigint;
  name: string;
  senderId: bigint;
  sentAt: number;
}

/** The pictures among the messages that are here, the oldest first. */
export function picturesOf(entries: readonly Entry[]): Picture[] {
  return entries.flatMap(({ text, senderId, sentAt, system }) => {
    const attachment = system ? undefined : parseAttachment(text);
    return attachment && pictureTypes.has(attachment.mediaType) ? [{ id: attachment.id, name: attachment.name, senderId, sentAt }] : [];
  });
}

/** The picture that is shown large, and where it was sent. */
export const shownPicture = createStore<{ shown?: { key: ConversationKey; id: bigint } | undefined }>()(() => ({}));

export function showPicture(key: ConversationKey, id: bigint): void {
  shownPicture.setState({ shown: { key, id } });
}

export function hidePicture(): void {
  shownPicture.setState({ shown: undefined });
}
