import type { LiveMeeting } from 'turms-client';
import type { MeetingRoom } from '../../meeting/room';

export type MeetingEndReason = 'ended' | 'removed' | 'elsewhere' | 'server' | 'connection';

/** The meeting that this page is in, or on its way into. */
export interface CurrentMeeting {
  id: bigint;
  groupId: bigint;
  /** `reconnecting`: its server went away, and the page comes back by itself when it can. */
  phase: 'joining' | 'connected' | 'reconnecting' | 'failed' | 'gone';
  /** When `connected`. */
  room?: MeetingRoom;
  /** When `failed`. */
  error?: unknown;
  /** When `gone`. */
  reason?: MeetingEndReason;
}

/** Meetings, and the one that the page is in. */
export interface MeetingsSlice {
  /** Meetings known of, by id; those that ended have `endedAt`. */
  meetings: ReadonlyMap<bigint, LiveMeeting>;
  /** Meetings that ring here. */
  ringing: readonly bigint[];
  current?: CurrentMeeting;
  starting?: bigint;
  /** What the user wants to join, or start in the group when it has no id, while being in another meeting: asked. */
  switchingTo: { groupId: bigint; meetingId?: bigint } | undefined;
}

export const initialMeetings: MeetingsSlice = {
  meetings: new Map(),
  ringing: [],
  switchingTo: undefined,
};
