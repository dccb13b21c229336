import { TurmsError } from './errors.js';
import { ResponseAction } from './gen/turms/model_pb.js';
import { MeetingControl } from './meetingLife.js';
import { type LiveMeeting, type MeetingInfo, toLiveMeeting, toMeetingInfo } from './models.js';
import { createdId, type Requester } from './requester.js';

/** Meetings of groups. The media itself is a LiveKit client's business; this gives it the token. */
export class MeetingsApi {
  constructor(private readonly client: Requester) {}

  /** Starts a meeting of the group, or lets it start later (`startsAt`, milliseconds); returns its id. */
  async create(groupId: bigint, name?: string, startsAt?: number): Promise<bigint> {
    return this.start({ groupId }, name, startsAt);
  }

  /** Calls another user. */
  async callUser(userId: bigint, name?: string): Promise<bigint> {
    return this.start({ userId }, name);
  }

  /** What one may do in a meeting as long as it goes on. */
  control(meetingId: bigint): MeetingControl {
    return new MeetingControl(this.client, meetingId);
  }

  /**
   * Accepts the invitation to a meeting; resolves with the token to connect for media with. Rejects with
   * `StatusCode.MeetingWaits` while one is in the lobby: ask again at least each minute, and when the signal `admitted` comes.
   */
  async join(meetingId: bigint): Promise<string> {
    const answer = await this.client.request({
      case: 'updateMeetingInvitationRequest',
      value: { meetingId, responseAction: ResponseAction.ACCEPT },
    });
    const data = answer.data?.kind;
    if (data?.case === 'string') return data.value;
    throw new TurmsError('protocol', 'The server accepted without giving a token');
  }

  async decline(meetingId: bigint): Promise<void> {
    await this.client.request({
      case: 'updateMeetingInvitationRequest',
      value: { meetingId, responseAction: ResponseAction.DECLINE },
    });
  }

  /** Ends the meeting for everybody. */
  async end(meetingId: bigint): Promise<void> {
    await this.client.request({ case: 'deleteMeetingRequest', value: { id: meetingId } });
  }

  async query(meetingIds: bigint[]): Promise<MeetingInfo[]> {
    if (meetingIds.length === 0) return [];
    const answer = await this.client.request({ case: 'queryMeetingsRequest', value: { ids: meetingIds } });
    const data = answer.data?.kind;
    return data?.case === 'meetings' ? data.value.meetings.map(toMeetingInfo) : [];
  }

  /** The meetings of a group that are going on, with who is in them. */
  async liveInGroup(groupId: bigint): Promise<LiveMeeting[]> {
    const answer = await this.client.request({ case: 'queryMeetingStateRequest', value: { groupId } });
    const data = answer.data?.kind;
    return data?.case === 'meetingStates' ? data.value.meetingStates.map(toLiveMeeting) : [];
  }

  async live(meetingId: bigint): Promise<LiveMeeting | undefined> {
    const answer = await this.client.request({ case: 'queryMeetingStateRequest', value: { meetingId } });
    const data = answer.data?.kind;
    const state = data?.case === 'meetingStates' ? data.value.meetingStates[0] : undefined;
    return state && toLiveMeeting(state);
  }

  private async start(
    whom: { groupId: bigint } | { userId: bigint },
    name?: string,
    startsAt?: number,
  ): Promise<bigint> {
    const value = {
      ...whom,
      ...(name !== undefined && { name }),
      ...(startsAt !== undefined && { startDate: BigInt(startsAt) }),
    };
    return createdId(await this.client.request({ case: 'createMeetingRequest', value }));
  }
}
