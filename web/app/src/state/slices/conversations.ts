import type { ConversationKey } from '../conversationKey';
import type { Entry } from '../timeline';
import type { Upload } from '../uploads';

/** One line of the list, and what of the conversation is here. */
export interface Conversation {
  /** A stretch of it without holes, and behind that what is not sent. Empty until it is opened. */
  entries: Entry[];
  isLoaded: boolean;
  /** Whether the server may have older messages than the first entry. */
  hasOlder: boolean;
  /** Whether it has newer ones than the last: the stretch is around a message that was looked for. */
  hasNewer: boolean;
  isLoadingMore: boolean;
  /** The place of the newest message. */
  lastSequence: bigint;
  /** The newest message that was not taken back. */
  last?: Entry;
  /** How far this user has read. */
  readSequence: bigint;
  /** In a conversation of two: how far the other one has read. */
  theirReadSequence: bigint;
  unread: number;
  /** Whether one of the unread ones names this user. */
  mentioned: boolean;
  pinned: boolean;
  muted: boolean;
  /** Until when each member of a group has read. */
  reads: ReadonlyMap<bigint, number>;
}

/** What a message is an answer to; `gone` when it is not to be had. */
export type Quoted = Pick<Entry, 'senderId' | 'text' | 'sequence' | 'system'> | 'gone';

/** Everything written, and on its way. */
export interface ConversationsSlice {
  conversations: ReadonlyMap<ConversationKey, Conversation>;
  conversationsLoaded: boolean;
  /** What was typed and not sent. */
  drafts: ReadonlyMap<ConversationKey, string>;
  /** The message that the one being written answers. */
  answering: ReadonlyMap<ConversationKey, bigint>;
  /** Messages that others answer and that are not among those here. */
  quoted: ReadonlyMap<bigint, Quoted>;
  /** Who writes, and until when that is shown. */
  typing: ReadonlyMap<ConversationKey, ReadonlyMap<bigint, number>>;
  /** Files that were chosen, and those on their way. */
  uploads: ReadonlyMap<ConversationKey, readonly Upload[]>;
  /** Pinned messages, the last one first; of conversations where they were asked for. */
  pins: ReadonlyMap<ConversationKey, readonly Entry[]>;
}

export const initialConversations: ConversationsSlice = {
  conversations: new Map(),
  conversationsLoaded: false,
  drafts: new Map(),
  answering: new Map(),
  quoted: new Map(),
  typing: new Map(),
  uploads: new Map(),
  pins: new Map(),
};

export const emptyConversation: Conversation = {
  entries: [],
  isLoaded: false,
  hasOlder: false,
  hasNewer: false,
  isLoadingMore: false,
  lastSequence: 0n,
  readSequence: 0n,
  theirReadSequence: 0n,
  unread: 0,
  mentioned: false,
  pinned: false,
  muted: false,
  reads: new Map(),
};
