import { type ChatMessage, type LiveMeeting, StatusCode, TurmsError } from 'turms-client';
import type { Context } from './context';
import type { GroupsController } from './groups';
import { MeetingFailure } from './failures';
import { isInMeeting, liveMeetingOf, type MeetingEndReason, withEntry } from './store';
import { loadMeeting, loadPreferences, saveMeeting } from './storage';

const ringForMs = 45_000;
/** A meeting found on coming back rings when it started no longer ago than this. */
const ringWhenStartedWithinMs = 60_000;
const maxKnownMeetings = 300;
/** Pauses before the tries to come back into a meeting whose server went away; there are no more tries than these. */
const defaultRejoinPausesMs = [500, 1000, 2000, 3000, 4000, 5000, 5000, 5000, 5000, 5000, 5000, 5000];
/** Somebody who comes back to the page much later should not be heard and seen at once. */
const rejoinWithinMs = 5 * 60_000;

const overCodes: ReadonlySet<number> = new Set([
  StatusCode.MeetingCanceled,
  StatusCode.MeetingEnded,
  StatusCode.MeetingExpired,
]);

/** Whether joining may succeed later without anybody doing something about it. */
function mayJoinLater(error: unknown): boolean {
  if (error instanceof MeetingFailure) return error.kind !== 'full';
  return error instanceof TurmsError && (error.kind !== 'refused' || isTransient(error.code));
}

function isTransient(code: number | undefined): boolean {
  return code === StatusCode.TooFrequent || code === StatusCode.InternalError || code === StatusCode.Unavailable;
}

/** Meetings of the groups: who is in them, ringing, and being in one. */
export class MeetingsController {
  /** Grows with each joining and leaving, so that what an abandoned attempt still brings is told apart. */
  private attempt = 0;
  private readonly asked = new Set<bigint>();
  /** The meeting that the user is ending for all, who need not be told that it has ended. */
  private ending: bigint | undefined;

  constructor(
    private readonly context: Context,
    private readonly groups: GroupsController,
    private readonly showMeeting: (groupId: bigint) => void,
    /** Called when the user started a meeting: the server does not send its notice to who did. */
    private readonly onStarted: (groupId: bigint) => void,
    private readonly defaultMediaUrl: string,
    /** Called when a meeting begins to ring. */
    private readonly onRinging: (meeting: LiveMeeting) => void,
    private readonly rejoinPausesMs: readonly number[] = defaultRejoinPausesMs,
  ) {
    const { client } = context;
    client.on('meeting', (meeting) => {
      const isNew = !context.state.meetings.has(meeting.id);
      this.note(meeting);
      if (isNew) this.ring(meeting);
    });
    client.on('meetingAnswered', ({ meetingId, by }) => {
      if (by === context.state.me) this.stopRinging(meetingId);
    });
    client.on('meetingDeleted', ({ meetingId }) => this.noteEnded(meetingId));
  }

  /** The message that a meeting started, which is all that a server without our extension sends. */
  noteMessage({ system }: ChatMessage): void {
    if (system?.kind !== 'meeting') return;
    if (this.context.state.meetings.has(system.meeting.id)) return;
    const meeting: LiveMeeting = { ...system.meeting, participants: [], version: 0n };
    this.note(meeting);
    this.ring(meeting);
  }

  /** Asks which meetings of the group are going on. */
  async refresh(groupId: bigint): Promise<void> {
    try {
      const live = await this.context.client.meetings.liveInGroup(groupId);
      const ids = new Set(live.map(({ id }) => id));
      for (const known of this.context.state.meetings.values()) {
        if (known.groupId === groupId && known.endedAt === undefined && !ids.has(known.id)) this.noteEnded(known.id);
      }
      for (const meeting of live) {
        const isNew = !this.context.state.meetings.has(meeting.id);
        this.note(meeting);
        if (isNew && Date.now() - meeting.startedAt < ringWhenStartedWithinMs) this.ring(meeting);
      }
    } catch {
      // A server without the extension, or no connection: messages still tell of meetings.
    }
  }

  /** Sees to it that it becomes known when these meetings ended. */
  async learn(meetingIds: bigint[]): Promise<void> {
    const unknown = meetingIds.filter((id) => !this.context.state.meetings.has(id) && !this.asked.has(id));
    if (unknown.length === 0) return;
    for (const id of unknown) this.asked.add(id);
    try {
      for (const meeting of await this.context.client.meetings.query(unknown)) {
        if (!this.context.state.meetings.has(meeting.id)) this.put({ ...meeting, participants: [], version: 0n });
      }
    } catch {
      for (const id of unknown) this.asked.delete(id);
    }
  }

  /** Joins the meeting of the group, or starts one; asks first when that would end being in another. */
  async start(groupId: bigint): Promise<void> {
    const live = liveMeetingOf(this.context.state, groupId);
    if (live) return this.join(live.id, groupId);
    if (this.isInAnother()) this.context.set({ switchingTo: { groupId } });
    else await this.startNow(groupId);
  }

  /** Joins the meeting, or shows it when the page is in it; asks first when that would end being in another. */
  async join(meetingId: bigint, groupId: bigint): Promise<void> {
    if (this.isInAnother(meetingId)) this.context.set({ switchingTo: { groupId, meetingId } });
    else await this.joinNow(meetingId, groupId);
  }

  /** The answer to whether the current meeting is left for the other. */
  async answerSwitch(leave: boolean): Promise<void> {
    const { switchingTo } = this.context.state;
    this.context.set({ switchingTo: undefined });
    if (!leave || !switchingTo) return;
    const { groupId, meetingId } = switchingTo;
    if (meetingId !== undefined) return this.joinNow(meetingId, groupId);
    const live = liveMeetingOf(this.context.state, groupId);
    return live ? this.joinNow(live.id, groupId) : this.startNow(groupId);
  }

  private isInAnother(meetingId?: bigint): boolean {
    const { current } = this.context.state;
    return current !== undefined && current.id !== meetingId && (current.phase === 'connected' || current.phase === 'reconnecting');
  }

  private async startNow(groupId: bigint): Promise<void> {
    if (this.context.state.starting !== undefined) return;
    this.context.set({ starting: groupId });
    const started = await this.context.attempt(async () => {
      const id = await this.context.client.meetings.create(groupId);
      this.onStarted(groupId);
      await this.refresh(groupId);
      void this.joinNow(await this.yieldToFirst(id, groupId), groupId);
    });
    this.context.store.setState(({ starting: _, ...rest }) => rest, true);
    // Somebody else may have been faster.
    if (!started) await this.refresh(groupId);
  }

  /**
   * When somebody else started a meeting of the group in the same moment and was first, ends our own; returns the one
   * to join. Each of the two would be alone otherwise.
   */
  private async yieldToFirst(ownId: bigint, groupId: bigint): Promise<bigint> {
    const first = liveMeetingOf(this.context.state, groupId);
    if (!first || first.id === ownId || !this.context.state.meetings.has(ownId)) return ownId;
    try {
      await this.context.client.meetings.end(ownId);
      this.noteEnded(ownId);
    } catch {
      // It may not be ended by hand here: nobody is in it, and the server ends it by itself.
    }
    return first.id;
  }

  private async joinNow(meetingId: bigint, groupId: bigint): Promise<void> {
    const { current } = this.context.state;
    if (current?.id === meetingId && (current.phase === 'joining' || current.phase === 'connected')) {
      this.showMeeting(groupId);
      return;
    }
    await this.leaveRoom();
    const attempt = ++this.attempt;
    this.stopRinging(meetingId);
    this.context.set({ current: { id: meetingId, groupId, phase: 'joining' } });
    saveMeeting({ meetingId: `${meetingId}`, groupId: `${groupId}` });
    this.showMeeting(groupId);
    try {
      await this.enter(attempt, meetingId, groupId);
    } catch (error) {
      if (attempt === this.attempt) this.fail(meetingId, groupId, error);
    }
  }

  /** Comes back to the meeting in which the page was before it was loaded anew. */
  async restore(): Promise<void> {
    const stored = loadMeeting();
    if (!stored) return;
    const groupId = BigInt(stored.groupId);
    if (this.context.state.groups.has(groupId)) await this.join(BigInt(stored.meetingId), groupId);
    else saveMeeting(undefined);
  }

  async leave(): Promise<void> {
    this.attempt += 1;
    saveMeeting(undefined);
    await this.leaveRoom();
    this.clearCurrent();
  }

  /** The session is over: nothing of it goes on. */
  reset(): void {
    this.suspend();
    saveMeeting(undefined);
  }

  /** The session goes on in another tab: this one leaves the room, and may come back to it. */
  suspend(): void {
    this.attempt += 1;
    this.asked.clear();
    void this.leaveRoom();
  }

  async endForAll(): Promise<boolean> {
    const { current } = this.context.state;
    if (!current) return false;
    // The push that it ended may come before the answer.
    this.ending = current.id;
    const hasEnded = await this.context.attempt(async () => {
      await this.context.client.meetings.end(current.id);
      this.noteEnded(current.id);
      await this.leave();
    });
    this.ending = undefined;
    return hasEnded;
  }

  async decline(meetingId: bigint): Promise<void> {
    this.stopRinging(meetingId);
    await this.context.attempt(() => this.context.client.meetings.decline(meetingId));
  }

  stopRinging(meetingId: bigint): void {
    const { ringing } = this.context.state;
    if (ringing.includes(meetingId)) this.context.set({ ringing: ringing.filter((id) => id !== meetingId) });
  }

  /** The user is no longer in this group. */
  noteGroupRemoved(groupId: bigint): void {
    for (const meeting of this.context.state.meetings.values()) {
      if (meeting.groupId !== groupId) continue;
      this.stopRinging(meeting.id);
      this.context.set({ meetings: withEntry(this.context.state.meetings, meeting.id, undefined) });
    }
    if (this.context.state.current?.groupId === groupId) this.gone('removed');
  }

  private note(meeting: LiveMeeting): void {
    const known = this.context.state.meetings.get(meeting.id);
    if (known && known.version > meeting.version) return;
    this.put(meeting);
    this.groups.needProfiles([meeting.creatorId, ...meeting.participants.map(({ userId }) => userId)]);
    const isOver = meeting.endedAt !== undefined;
    if (isOver || meeting.participants.some(({ userId }) => userId === this.context.state.me)) {
      this.stopRinging(meeting.id);
    }
    if (isOver && this.context.state.current?.id === meeting.id) this.gone('ended');
  }

  private noteEnded(meetingId: bigint): void {
    const known = this.context.state.meetings.get(meetingId);
    if (known && known.endedAt === undefined) this.note({ ...known, endedAt: Date.now(), participants: [] });
  }

  private put(meeting: LiveMeeting): void {
    const meetings = withEntry(this.context.state.meetings, meeting.id, meeting);
    for (const [id, { endedAt }] of meetings) {
      if (meetings.size <= maxKnownMeetings) break;
      if (endedAt !== undefined) meetings.delete(id);
    }
    this.context.set({ meetings });
  }

  private ring(meeting: LiveMeeting): void {
    const { me, current, ringing } = this.context.state;
    if (meeting.creatorId === me || meeting.endedAt !== undefined || current?.id === meeting.id) return;
    if (ringing.includes(meeting.id) || meeting.participants.some(({ userId }) => userId === me)) return;
    this.context.set({ ringing: [...ringing, meeting.id] });
    this.onRinging(meeting);
    setTimeout(() => this.stopRinging(meeting.id), ringForMs);
  }

  /** The meeting is over for this page, without its having asked for it. */
  private gone(reason: MeetingEndReason): void {
    const { current } = this.context.state;
    if (!isInMeeting(current)) return;
    this.attempt += 1;
    saveMeeting(undefined);
    void current.room?.leave();
    this.context.set({
      current: { id: current.id, groupId: current.groupId, phase: 'gone', reason },
      switchingTo: undefined,
    });
    if (reason !== 'ended' || current.id !== this.ending) this.context.toast({ kind: 'meetingGone', reason });
  }

  /** Connects for media. Rejects with why that was not possible; does nothing once the attempt is an old one. */
  private async enter(attempt: number, meetingId: bigint, groupId: bigint): Promise<void> {
    const [token, { MeetingRoom }] = await Promise.all([
      this.context.client.meetings.join(meetingId),
      import('../meeting/room'),
    ]);
    if (attempt !== this.attempt) return;
    const url = this.context.state.meetings.get(meetingId)?.mediaUrl ?? this.defaultMediaUrl;
    const room = new MeetingRoom((reason) => {
      if (attempt === this.attempt) this.lost(reason);
    });
    room.setReceiving(loadPreferences().receiving);
    try {
      await room.connect(url, token);
    } catch (error) {
      void room.leave();
      throw error;
    }
    if (attempt !== this.attempt) {
      void room.leave();
      return;
    }
    this.context.set({ current: { id: meetingId, groupId, phase: 'connected', room } });
    const { microphoneOn, cameraOn, devices } = loadPreferences();
    void room.startDevices({ microphone: microphoneOn, camera: cameraOn }, devices);
  }

  private fail(meetingId: bigint, groupId: bigint, error: unknown): void {
    if (error instanceof TurmsError && error.code !== undefined && overCodes.has(error.code)) {
      this.noteEnded(meetingId);
    }
    saveMeeting(undefined);
    this.context.set({ current: { id: meetingId, groupId, phase: 'failed', error } });
  }

  /** The room ended by itself: for good when somebody meant it, and otherwise until its server is back. */
  private lost(reason: MeetingEndReason): void {
    if (reason === 'server' || reason === 'connection') void this.rejoin(reason);
    else this.gone(reason);
  }

  /** Comes back into the meeting whose server went away, as one does that is restarted. */
  private async rejoin(reason: MeetingEndReason): Promise<void> {
    const { current } = this.context.state;
    if (!current) return;
    const { id, groupId } = current;
    const attempt = ++this.attempt;
    const deadline = Date.now() + rejoinWithinMs;
    void current.room?.leave();
    this.context.set({ current: { id, groupId, phase: 'reconnecting' } });
    for (const pauseMs of this.rejoinPausesMs) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
      await this.whenOnline();
      if (attempt !== this.attempt || this.context.client.state === 'signedOut') return;
      if (Date.now() > deadline) break;
      try {
        await this.enter(attempt, id, groupId);
        return;
      } catch (error) {
        if (attempt !== this.attempt) return;
        if (mayJoinLater(error)) continue;
        if (error instanceof TurmsError && error.code !== undefined && overCodes.has(error.code)) this.gone('ended');
        else this.fail(id, groupId, error);
        return;
      }
    }
    this.gone(reason);
  }

  /** Resolves when there is a session; at once when nobody is signed in any more. */
  private async whenOnline(): Promise<void> {
    const { client } = this.context;
    if (client.state === 'online' || client.state === 'signedOut') return;
    await client.once('state', (state) => state === 'online' || state === 'signedOut');
  }

  private async leaveRoom(): Promise<void> {
    await this.context.state.current?.room?.leave();
  }

  private clearCurrent(): void {
    this.context.store.setState(({ current: _, ...rest }) => ({ ...rest, switchingTo: undefined }), true);
  }
}
