import { type ConversationKey, parseKey } from './conversationKey';

// Storage that may be missing or full: a browser set to keep nothing must not keep the app from working.

function read(storage: () => Storage, key: string): unknown {
  try {
    const text = storage().getItem(key);
    return text === null ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function write(storage: () => Storage, key: string, value: unknown): void {
  try {
    if (value === undefined) storage().removeItem(key);
    else storage().setItem(key, JSON.stringify(value));
  } catch {
    // Not kept; the app goes on with what it has in memory.
  }
}

const local = () => window.localStorage;
const session = () => window.sessionStorage;

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

export type Theme = 'system' | 'light' | 'dark';
export type Language = 'en' | 'zh';

/** How much of the others a person wants to see: as good as it goes, small and few, or nothing. */
export type Receiving = 'auto' | 'saver' | 'audio';

/** From the smallest. */
export const textSizes = ['small', 'normal', 'large', 'largest'] as const;
export type TextSize = (typeof textSizes)[number];

/** What a person chose on this browser. */
export interface Preferences {
  theme: Theme;
  language?: Language;
  textSize: TextSize;
  microphoneOn: boolean;
  cameraOn: boolean;
  /** Whether messages and calls are told by the system while the page is hidden. */
  notifications: boolean;
  devices: Partial<Record<MediaDeviceKind, string>>;
  receiving: Receiving;
}

export function loadPreferences(): Preferences {
  const stored = asRecord(read(local, 'turms.preferences'));
  const devices: Preferences['devices'] = {};
  const storedDevices = asRecord(stored.devices);
  for (const kind of ['audioinput', 'videoinput', 'audiooutput'] as const) {
    const id = storedDevices[kind];
    if (typeof id === 'string') devices[kind] = id;
  }
  return {
    theme: stored.theme === 'light' || stored.theme === 'dark' ? stored.theme : 'system',
    ...((stored.language === 'en' || stored.language === 'zh') && { language: stored.language }),
    textSize: textSizes.find((size) => size === stored.textSize) ?? 'normal',
    microphoneOn: stored.microphoneOn !== false,
    cameraOn: stored.cameraOn !== false,
    notifications: stored.notifications === true,
    devices,
    receiving: stored.receiving === 'saver' || stored.receiving === 'audio' ? stored.receiving : 'auto',
  };
}

export function savePreferences(preferences: Preferences): void {
  write(local, 'turms.preferences', preferences);
}

/**
 * What a reload signs in again with: the token that the server gave, never the password. It is kept for this tab only,
 * and forgotten at sign-out and when the tab closes.
 */
export interface StoredSession {
  userId: string;
  sessionToken: string;
}

export function loadSession(): StoredSession | undefined {
  const stored = asRecord(read(session, 'turms.session'));
  if (typeof stored.userId !== 'string' || typeof stored.sessionToken !== 'string') return undefined;
  if (!/^\d{1,19}$/.test(stored.userId)) return undefined;
  return { userId: stored.userId, sessionToken: stored.sessionToken };
}

export function saveSession(value: StoredSession | undefined): void {
  write(session, 'turms.session', value);
}

/** Users who signed in here by their names. */
const maxKnownNames = 20;

/** Whose name it was when somebody signed in here with it. */
export function knownUserId(name: string): bigint | undefined {
  const id = asRecord(read(local, 'turms.names'))[name];
  return typeof id === 'string' && /^[1-9]\d{0,18}$/.test(id) ? BigInt(id) : undefined;
}

/** What the user typed to sign in here. */
export function knownName(userId: bigint): string | undefined {
  return Object.entries(asRecord(read(local, 'turms.names'))).find(([, id]) => id === `${userId}`)?.[0];
}

export function rememberUserId(name: string, userId: bigint): void {
  if (name === '' || /^\d+$/.test(name)) return;
  const others = Object.entries(asRecord(read(local, 'turms.names'))).filter(([known]) => known !== name);
  write(local, 'turms.names', Object.fromEntries([[name, `${userId}`], ...others].slice(0, maxKnownNames)));
}

export function forgetUserId(name: string): void {
  const names = asRecord(read(local, 'turms.names'));
  if (name in names) write(local, 'turms.names', Object.fromEntries(Object.entries(names).filter(([known]) => known !== name)));
}

/**
 * What a user wrote and did not send, by conversation: a reload does not lose it. For this tab only, and never shown to
 * another user who signs in on it.
 */
export function loadDrafts(userId: bigint): Map<ConversationKey, string> {
  const stored = asRecord(read(session, 'turms.drafts'));
  const drafts = new Map<ConversationKey, string>();
  if (stored.userId !== `${userId}`) return drafts;
  for (const [name, text] of Object.entries(asRecord(stored.texts))) {
    const key = parseKey(name);
    if (key !== undefined && typeof text === 'string') drafts.set(key, text);
  }
  return drafts;
}

export function saveDrafts(userId: bigint, drafts: ReadonlyMap<ConversationKey, string>): void {
  const texts = Object.fromEntries(drafts);
  write(session, 'turms.drafts', drafts.size === 0 ? undefined : { userId: `${userId}`, texts });
}

export function forgetDrafts(): void {
  write(session, 'turms.drafts', undefined);
}

/** A message that the server does not have, or may not have. */
export interface UnsentMessage {
  to: ConversationKey;
  text: string;
  /** Id of the message that it answers. */
  replyTo?: string;
  writtenAt: number;
  status: 'waiting' | 'failed' | 'uncertain';
  /** Why the server refused it. */
  code?: number;
}

/** Of more messages than these only the first are kept; the page still has the others, until it goes away. */
const maxKeptUnsent = 100;

const unsentKey = (userId: bigint) => `turms.unsent.${userId}`;

/** What of the user was not sent. From now on it is kept for `owner` alone. */
export function claimUnsent(userId: bigint, owner: string): UnsentMessage[] {
  const { messages } = asRecord(read(local, unsentKey(userId)));
  const unsent = (Array.isArray(messages) ? messages : []).slice(0, maxKeptUnsent).flatMap(toUnsent);
  write(local, unsentKey(userId), { owner, messages: unsent });
  return unsent;
}

/** Whether another owner has claimed it since. A browser that keeps nothing knows of no other. */
export function isUnsentClaimed(userId: bigint, owner: string): boolean {
  const stored = asRecord(read(local, unsentKey(userId)));
  return stored.owner !== undefined && stored.owner !== owner;
}

/** Keeps these in place of what was kept, unless another owner has claimed it. */
export function keepUnsent(userId: bigint, owner: string, messages: readonly UnsentMessage[]): void {
  if (isUnsentClaimed(userId, owner)) return;
  write(local, unsentKey(userId), { owner, messages: messages.slice(0, maxKeptUnsent) });
}

export function forgetUnsent(userId: bigint): void {
  write(local, unsentKey(userId), undefined);
}

function toUnsent(value: unknown): UnsentMessage[] {
  const { to: key, groupId, text, writtenAt, status, code, replyTo } = asRecord(value);
  // What an earlier version kept was all of groups.
  const to = parseKey(typeof key === 'string' ? key : `g${String(groupId)}`);
  if (to === undefined) return [];
  if (typeof text !== 'string' || typeof writtenAt !== 'number') return [];
  if (status !== 'waiting' && status !== 'failed' && status !== 'uncertain') return [];
  return [
    {
      to,
      text,
      writtenAt,
      status,
      ...(typeof code === 'number' && { code }),
      ...(typeof replyTo === 'string' && /^\d{1,19}$/.test(replyTo) && { replyTo }),
    },
  ];
}

/** The meeting that this tab is in, so that a reload comes back to it. */
export interface StoredMeeting {
  meetingId: string;
  groupId: string;
}

export function loadMeeting(): StoredMeeting | undefined {
  const stored = asRecord(read(session, 'turms.meeting'));
  if (typeof stored.meetingId !== 'string' || typeof stored.groupId !== 'string') return undefined;
  if (!/^\d{1,19}$/.test(stored.meetingId) || !/^\d{1,19}$/.test(stored.groupId)) return undefined;
  return { meetingId: stored.meetingId, groupId: stored.groupId };
}

export function saveMeeting(value: StoredMeeting | undefined): void {
  write(session, 'turms.meeting', value);
}
