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

/** What a person chose on this browser. */
export interface Preferences {
  theme: Theme;
  language?: Language;
  microphoneOn: boolean;
  cameraOn: boolean;
  /** Whether messages and calls are told by the system while the page is hidden. */
  notifications: boolean;
  devices: Partial<Record<MediaDeviceKind, string>>;
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
    microphoneOn: stored.microphoneOn !== false,
    cameraOn: stored.cameraOn !== false,
    notifications: stored.notifications === true,
    devices,
  };
}

export function savePreferences(preferences: Preferences): void {
  write(local, 'turms.preferences', preferences);
}

/**
 * The protocol signs in with the password on every connection, so that a reload needs it again. It is kept for this
 * tab only, and forgotten at sign-out and when the tab closes.
 */
export interface StoredSession {
  userId: string;
  password: string;
}

export function loadSession(): StoredSession | undefined {
  const stored = asRecord(read(session, 'turms.session'));
  if (typeof stored.userId !== 'string' || typeof stored.password !== 'string') return undefined;
  if (!/^\d{1,19}$/.test(stored.userId)) return undefined;
  return { userId: stored.userId, password: stored.password };
}

export function saveSession(value: StoredSession | undefined): void {
  write(session, 'turms.session', value);
}

/**
 * What a user wrote and did not send, by group: a reload does not lose it. For this tab only, and never shown to
 * another user who signs in on it.
 */
export function loadDrafts(userId: bigint): Map<bigint, string> {
  const stored = asRecord(read(session, 'turms.drafts'));
  const drafts = new Map<bigint, string>();
  if (stored.userId !== `${userId}`) return drafts;
  for (const [groupId, text] of Object.entries(asRecord(stored.texts))) {
    if (/^\d{1,19}$/.test(groupId) && typeof text === 'string') drafts.set(BigInt(groupId), text);
  }
  return drafts;
}

export function saveDrafts(userId: bigint, drafts: ReadonlyMap<bigint, string>): void {
  const texts = Object.fromEntries([...drafts].map(([groupId, text]) => [`${groupId}`, text]));
  write(session, 'turms.drafts', drafts.size === 0 ? undefined : { userId: `${userId}`, texts });
}

export function forgetDrafts(): void {
  write(session, 'turms.drafts', undefined);
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
