import {
  MeetingAction,
  type MeetingPerson as PersonMessage,
  type MeetingSignal as SignalMessage,
  MeetingSignalKind,
  type MeetingState,
} from './gen/turms/extension_pb.js';
import type { Requester } from './requester.js';

const phases = ['scheduled', 'begun', 'live', 'ended'] as const;
const roles = ['host', 'cohost', 'participant', 'viewer', 'guest'] as const;
const calls = ['none', 'calling', 'ringing', 'answered', 'declined', 'busy', 'missed'] as const;
const places = ['outside', 'lobby', 'in', 'removed', 'heldOut'] as const;

/** `begun`: nobody was in it yet. */
export type MeetingPhase = (typeof phases)[number];
/** `viewer`: a guest of the group; `guest`: came by a link, without an account. */
export type MeetingRole = (typeof roles)[number];
/** How far calling somebody went. */
export type CallState = (typeof calls)[number];
export type MeetingPlace = (typeof places)[number];
export type TrackKind = 'microphone' | 'camera' | 'screen';

/** Somebody who was called, waits, is or was in, or may not come. */
export interface MeetingPerson {
  userId: bigint;
  role: MeetingRole;
  place: MeetingPlace;
  call: CallState;
  /** Rings until then. */
  callUntil?: number;
  /** Was in. */
  attended: boolean;
  /** All stays together, milliseconds. */
  presentMs: number;
  /** What they may not publish. */
  stopped: TrackKind[];
  /** The breakout room they belong to, from 1. */
  room?: number;
  /** Of guests. */
  name?: string;
}

/** What has become of a meeting; the participants' tracks are in LiveMeeting. */
export interface MeetingLife {
  phase: MeetingPhase;
  hostId?: bigint;
  locked: boolean;
  /** Whoever is new waits until somebody admits them. */
  lobby: boolean;
  /** Whoever is new may not speak until a host lets them. */
  muted: boolean;
  spotlightId?: bigint;
  /** Raised hands, the first one first. */
  hands: bigint[];
  people: MeetingPerson[];
  /** Names of the breakout rooms 1, 2, …. */
  breakouts: string[];
  breakoutsOpen: boolean;
  /** Since when somebody was in. */
  liveSince?: number;
}

/** What this user is told of a meeting. `admitted`, `moved`: join again for the token. */
export type MeetingSignal = {
  meetingId: bigint;
  groupId?: bigint;
  name?: string;
  /** Who did it. */
  by?: bigint;
} & (
  | { kind: 'ring'; until: number }
  | { kind: 'ringOver'; call: CallState }
  | { kind: 'admitted' | 'denied' | 'removed' | 'heldOut' }
  | { kind: 'unmuteAsked'; tracks: TrackKind[] }
  | { kind: 'moved'; room: number }
  | { kind: 'reminder'; startsAt: number }
);

const trackBits: [TrackKind, number][] = [
  ['microphone', 1],
  ['camera', 2],
  ['screen', 4],
];

function toTracks(bits: number): TrackKind[] {
  return trackBits.filter(([, bit]) => (bits & bit) !== 0).map(([kind]) => kind);
}

function toBits(tracks: TrackKind[]): number {
  return trackBits.filter(([kind]) => tracks.includes(kind)).reduce((bits, [, bit]) => bits | bit, 0);
}

function toPerson(person: PersonMessage): MeetingPerson {
  return {
    userId: person.userId,
    role: roles[person.role] ?? 'viewer',
    place: places[person.place] ?? 'outside',
    call: calls[person.call] ?? 'none',
    attended: person.attended,
    presentMs: Number(person.presentMs),
    stopped: toTracks(person.stoppedTracks),
    ...(person.callUntil !== undefined && { callUntil: Number(person.callUntil) }),
    ...(person.room !== undefined && { room: person.room }),
    ...(person.name !== undefined && { name: person.name }),
  };
}

export function toMeetingLife(state: MeetingState): MeetingLife {
  return {
    phase: phases[state.phase] ?? 'live',
    locked: state.locked,
    lobby: state.lobby,
    muted: state.muted,
    hands: state.hands,
    people: state.people.map(toPerson),
    breakouts: state.breakouts,
    breakoutsOpen: state.breakoutsOpen,
    ...(state.hostId !== undefined && { hostId: state.hostId }),
    ...(state.spotlightId !== undefined && { spotlightId: state.spotlightId }),
    ...(state.liveDate !== undefined && { liveSince: Number(state.liveDate) }),
  };
}

/** Undefined for a kind that a later server may send. */
export function toMeetingSignal(signal: SignalMessage): MeetingSignal | undefined {
  const about = {
    meetingId: signal.meetingId,
    ...(signal.groupId !== undefined && { groupId: signal.groupId }),
    ...(signal.name !== undefined && { name: signal.name }),
    ...(signal.byUserId !== undefined && { by: signal.byUserId }),
  };
  switch (signal.kind) {
    case MeetingSignalKind.MEETING_RING:
      return { ...about, kind: 'ring', until: Number(signal.until ?? 0n) };
    case MeetingSignalKind.MEETING_RING_OVER:
      return { ...about, kind: 'ringOver', call: calls[signal.call ?? 0] ?? 'none' };
    case MeetingSignalKind.MEETING_ADMITTED:
      return { ...about, kind: 'admitted' };
    case MeetingSignalKind.MEETING_DENIED:
      return { ...about, kind: 'denied' };
    case MeetingSignalKind.MEETING_REMOVED:
      return { ...about, kind: 'removed' };
    case MeetingSignalKind.MEETING_HELD_OUT:
      return { ...about, kind: 'heldOut' };
    case MeetingSignalKind.MEETING_UNMUTE_ASKED:
      return { ...about, kind: 'unmuteAsked', tracks: toTracks(signal.tracks ?? 0) };
    case MeetingSignalKind.MEETING_MOVED:
      return { ...about, kind: 'moved', room: signal.room ?? 0 };
    case MeetingSignalKind.MEETING_REMINDER:
      return { ...about, kind: 'reminder', startsAt: Number(signal.until ?? 0n) };
    default:
      return undefined;
  }
}

interface CommandFields {
  userIds?: bigint[];
  on?: boolean;
  tracks?: number;
  room?: number;
  names?: string[];
}

/**
 * What one may do in a meeting, as far as the role allows at that moment; otherwise rejects with `StatusCode.MeetingNotAllowed`.
 * Where `userIds` may be left out, it is done to everybody below the caller's role.
 */
export class MeetingControl {
  constructor(
    private readonly client: Requester,
    private readonly meetingId: bigint,
  ) {}

  /** This device rings. */
  ringing(): Promise<void> {
    return this.send(MeetingAction.MEETING_RINGING);
  }
  /** Ends the ringing on all devices of this user. */
  decline(): Promise<void> {
    return this.send(MeetingAction.MEETING_DECLINE);
  }
  /** This device is in another call. */
  busy(): Promise<void> {
    return this.send(MeetingAction.MEETING_BUSY);
  }
  leaveLobby(): Promise<void> {
    return this.send(MeetingAction.MEETING_LEAVE_LOBBY);
  }
  raiseHand(up = true): Promise<void> {
    return this.send(MeetingAction.MEETING_RAISE_HAND, { on: up });
  }
  /** Rings these users, again where they were called before. */
  call(userIds: bigint[]): Promise<void> {
    return this.send(MeetingAction.MEETING_CALL, { userIds });
  }
  /** `keep`: they may not unmute until `unmute` lets them; of everybody, also whoever comes later. */
  mute(userIds: bigint[] = [], options: { tracks?: TrackKind[]; keep?: boolean } = {}): Promise<void> {
    const tracks = toBits(options.tracks ?? ['microphone']);
    return this.send(MeetingAction.MEETING_MUTE, { userIds, tracks, on: options.keep ?? false });
  }
  /** Gives the right back, and asks these users to unmute; without users, only gives it back to all. */
  unmute(userIds: bigint[] = [], tracks: TrackKind[] = ['microphone']): Promise<void> {
    return this.send(MeetingAction.MEETING_UNMUTE, { userIds, tracks: toBits(tracks) });
  }
  /** They may ask to come in again. */
  remove(userIds: bigint[]): Promise<void> {
    return this.send(MeetingAction.MEETING_REMOVE, { userIds });
  }
  /** They may not come in until they are let back. */
  holdOut(userIds: bigint[], out = true): Promise<void> {
    return this.send(MeetingAction.MEETING_HOLD_OUT, { userIds, on: out });
  }
  /** Without users: everybody in the lobby. */
  admit(userIds: bigint[] = []): Promise<void> {
    return this.send(MeetingAction.MEETING_ADMIT, { userIds });
  }
  deny(userIds: bigint[] = []): Promise<void> {
    return this.send(MeetingAction.MEETING_DENY, { userIds });
  }
  lock(locked = true): Promise<void> {
    return this.send(MeetingAction.MEETING_LOCK, { on: locked });
  }
  lobby(on = true): Promise<void> {
    return this.send(MeetingAction.MEETING_LOBBY, { on });
  }
  /** Without a user: nobody. */
  spotlight(userId?: bigint): Promise<void> {
    const fields = userId === undefined ? { on: false } : { userIds: [userId] };
    return this.send(MeetingAction.MEETING_SPOTLIGHT, fields);
  }
  lowerHands(userIds: bigint[] = []): Promise<void> {
    return this.send(MeetingAction.MEETING_LOWER_HANDS, { userIds });
  }
  endForAll(): Promise<void> {
    return this.send(MeetingAction.MEETING_END);
  }
  /** In place of those there were; not while they are open. */
  makeBreakouts(names: string[]): Promise<void> {
    return this.send(MeetingAction.MEETING_MAKE_BREAKOUTS, { names });
  }
  /** `room` from 1; 0: none. */
  assign(userIds: bigint[], room: number): Promise<void> {
    return this.send(MeetingAction.MEETING_ASSIGN, { userIds, room });
  }
  /** Not open: everybody is called back. */
  openBreakouts(open = true): Promise<void> {
    return this.send(MeetingAction.MEETING_OPEN_BREAKOUTS, { on: open });
  }
  makeCohost(userIds: bigint[], cohost = true): Promise<void> {
    return this.send(MeetingAction.MEETING_COHOST, { userIds, on: cohost });
  }
  /** For good: the new host takes the role back whenever they return. */
  handOver(userId: bigint): Promise<void> {
    return this.send(MeetingAction.MEETING_HAND_OVER, { userIds: [userId] });
  }

  private async send(action: MeetingAction, fields: CommandFields = {}): Promise<void> {
    await this.client.request({
      case: 'controlMeetingRequest',
      value: { meetingId: this.meetingId, action, ...fields },
    });
  }
}
