import type { TurmsClient } from './client.js';
import { StatusCode } from './codes.js';
import { Emitter } from './emitter.js';
import { TurmsError } from './errors.js';
import type { MeetingControl, MeetingSignal, TrackKind } from './meetingLife.js';
import type { LiveMeeting } from './models.js';
import { httpOrigin } from './storage.js';

/** Why one is not in a meeting, or not any more. */
export type MeetingLeft =
  | 'ended'
  | 'removed'
  | 'heldOut'
  | 'denied'
  | 'locked'
  | 'full'
  /** The user went on with another device. */
  | 'otherDevice'
  /** The media was lost for good. */
  | 'lost'
  /** Not a member of the group any more. */
  | 'noMember'
  /** Refused for another reason, or the server cannot be reached: `error` has it. */
  | 'failed';

export interface MeetingSessionState {
  /** `lobby`: somebody has to let the user in. `in`: there is `access`. */
  phase: 'out' | 'entering' | 'lobby' | 'in';
  /** The meeting of the group that goes on. */
  live?: LiveMeeting;
  /** For LiveKit's `Room.connect`. A new object is another room, as when one was moved: leave the one before. */
  access?: { url: string; token: string; meetingId: bigint };
  /** This user is called. */
  ringing?: { meetingId: bigint; until: number; by?: bigint };
  left?: MeetingLeft;
  error?: TurmsError;
  /** A host asks to unmute these; `unmuteAnswered` takes it away. */
  unmuteAsked?: TrackKind[];
}

export interface MeetingSessionOptions {
  /** The address of the client; media goes there, unless the meeting says otherwise. */
  url: string;
  /** How often somebody in the lobby asks again. */
  lobbyEveryMs?: number;
}

const refusals: Readonly<Record<number, MeetingLeft>> = {
  [StatusCode.MeetingEnded]: 'ended',
  [StatusCode.MeetingCanceled]: 'ended',
  [StatusCode.MeetingHeldOut]: 'heldOut',
  [StatusCode.MeetingDenied]: 'denied',
  [StatusCode.MeetingLocked]: 'locked',
  [StatusCode.MeetingFull]: 'full',
  [StatusCode.MeetingNotFound]: 'noMember',
};

/**
 * The meeting of a group, as one user goes through it: called, let in, moved, removed, over. It carries no media: whoever uses it connects
 * LiveKit's room with `access`, leaves that room when `access` changes or goes, and tells by `mediaEnded` when the room ended by itself.
 * A part of its own: `new MeetingSession(client, groupId, { url })`, then `open`, and `close` at the end.
 */
export class MeetingSession extends Emitter<{ change: MeetingSessionState }> {
  private current: MeetingSessionState = { phase: 'out' };
  /** The meeting that the user is in, or wants to be in. */
  private wanted: bigint | undefined;
  /** Of the attempt to enter that counts. */
  private attempt = 0;
  private lobbyTimer: ReturnType<typeof setTimeout> | undefined;
  private ringTimer: ReturnType<typeof setTimeout> | undefined;
  private listening: (() => void)[] = [];

  constructor(
    private readonly client: TurmsClient,
    private readonly groupId: bigint,
    private readonly options: MeetingSessionOptions,
  ) {
    super();
  }

  get state(): MeetingSessionState {
    return this.current;
  }

  /** What hosts do, while there is a meeting. */
  get control(): MeetingControl | undefined {
    const id = this.wanted ?? this.current.live?.id;
    return id === undefined ? undefined : this.client.meetings.control(id);
  }

  /** Begins to listen, and asks what goes on. */
  async open(): Promise<void> {
    this.close();
    this.listening = [
      this.client.on('meeting', (meeting) => this.noteMeeting(meeting)),
      this.client.on('meetingSignal', (signal) => this.noteSignal(signal)),
      this.client.on('membersChanged', ({ groupId, change, userIds }) => {
        const me = this.client.userId;
        if (groupId === this.groupId && change === 'removed' && me !== undefined && userIds.includes(me)) this.out('noMember');
      }),
      // What was told while there was no connection is in the state.
      this.client.on('resumed', () => void this.refresh().catch(() => {})),
    ];
    await this.refresh();
  }

  /** Leaves, and does not listen any more. */
  close(): void {
    for (const stop of this.listening.splice(0)) stop();
    clearTimeout(this.ringTimer);
    this.leave();
  }

  /** Begins a meeting of the group and enters it; enters the one that goes on, if there is one. */
  async start(name?: string): Promise<void> {
    const going = this.current.live?.id;
    await this.enter(going ?? (await this.client.meetings.create(this.groupId, name)));
  }

  /** Enters the meeting that goes on; nothing without one. Refusals are in the state. */
  async join(): Promise<void> {
    const id = this.current.live?.id ?? this.current.ringing?.meetingId;
    if (id !== undefined) await this.enter(id);
  }

  async decline(): Promise<void> {
    const { ringing } = this.current;
    this.stopRinging();
    if (ringing) await this.client.meetings.control(ringing.meetingId).decline();
  }

  leave(): void {
    if (this.current.phase === 'lobby') void this.control?.leaveLobby().catch(() => {});
    if (this.wanted !== undefined) this.out();
  }

  unmuteAnswered(): void {
    const { unmuteAsked: _, ...others } = this.current;
    this.show(others);
  }

  /**
   * LiveKit's room ended by itself. `told`: the server ended it (PARTICIPANT_REMOVED, ROOM_DELETED); why is told by a signal or the
   * state, since a session of ours may have been moved, removed, or the meeting is over.
   */
  mediaEnded(how: 'told' | 'otherDevice' | 'lost'): void {
    if (how !== 'told') this.out(how);
  }

  private async refresh(): Promise<void> {
    const [live] = await this.client.meetings.liveInGroup(this.groupId);
    if (live) return this.noteMeeting(live);
    const { live: before, ...others } = this.current;
    if (!before) return;
    this.show(others);
    if (this.wanted === before.id) this.out('ended');
  }

  private async enter(meetingId: bigint): Promise<void> {
    this.wanted = meetingId;
    const attempt = ++this.attempt;
    clearTimeout(this.lobbyTimer);
    this.stopRinging();
    const { left: _, error: __, ...others } = this.current;
    if (others.phase === 'out') others.phase = 'entering';
    this.show(others);
    try {
      const token = await this.client.meetings.join(meetingId);
      if (attempt !== this.attempt) return;
      const url = this.current.live?.mediaUrl ?? (httpOrigin(this.options.url) ?? this.options.url).replace(/^http/, 'ws');
      this.show({ ...this.current, phase: 'in', access: { url, token, meetingId } });
    } catch (error) {
      if (attempt !== this.attempt) return;
      const refused = error instanceof TurmsError ? error : new TurmsError('protocol', String(error));
      if (refused.code === StatusCode.MeetingWaits) {
        const { access: ___, ...waiting } = this.current;
        this.show({ ...waiting, phase: 'lobby' });
        this.lobbyTimer = setTimeout(() => void this.enter(meetingId), this.options.lobbyEveryMs ?? 30_000);
      } else {
        this.out(refusals[refused.code ?? 0] ?? 'failed', refused);
      }
    }
  }

  private noteMeeting(meeting: LiveMeeting): void {
    if (meeting.groupId !== this.groupId) return;
    const { live, ...others } = this.current;
    if (live?.id === meeting.id && meeting.version <= live.version) return;
    if (meeting.endedAt === undefined) return this.show({ ...others, live: meeting });
    if (live === undefined || live.id === meeting.id) this.show(others);
    if (others.ringing?.meetingId === meeting.id) this.stopRinging();
    if (this.wanted === meeting.id) this.out('ended');
  }

  private noteSignal(signal: MeetingSignal): void {
    if (signal.groupId !== this.groupId) return;
    const isOurs = signal.meetingId === this.wanted;
    switch (signal.kind) {
      case 'ring':
        if (isOurs) return;
        this.show({ ...this.current, ringing: { meetingId: signal.meetingId, until: signal.until, ...(signal.by !== undefined && { by: signal.by }) } });
        clearTimeout(this.ringTimer);
        this.ringTimer = setTimeout(() => this.stopRinging(), Math.max(0, signal.until - Date.now()));
        void this.client.meetings.control(signal.meetingId).ringing().catch(() => {});
        return;
      case 'ringOver':
        return this.stopRinging();
      case 'admitted':
      case 'moved':
        if (isOurs) void this.enter(signal.meetingId);
        return;
      case 'removed':
      case 'heldOut':
      case 'denied':
        if (isOurs) this.out(signal.kind);
        return;
      case 'unmuteAsked':
        if (isOurs) this.show({ ...this.current, unmuteAsked: signal.tracks });
        return;
      default:
        return;
    }
  }

  private stopRinging(): void {
    clearTimeout(this.ringTimer);
    if (!this.current.ringing) return;
    const { ringing: _, ...others } = this.current;
    this.show(others);
  }

  private out(left?: MeetingLeft, error?: TurmsError): void {
    if (this.wanted === undefined) return;
    this.wanted = undefined;
    this.attempt += 1;
    clearTimeout(this.lobbyTimer);
    const { access: _, unmuteAsked: __, left: ___, error: ____, ...others } = this.current;
    this.show({ ...others, phase: 'out', ...(left && { left }), ...(error && { error }) });
  }

  private show(state: MeetingSessionState): void {
    this.current = state;
    this.emit('change', state);
  }
}
