import type { Requester } from './requester.js';
import type { DeviceType } from './gen/turms/model_pb.js';
import { type Profile, toProfile } from './models.js';

/** People: their profiles. */
export class UsersApi {
  constructor(private readonly client: Requester) {}

  /** Profiles of those of the users that exist, in no particular order. */
  async profiles(userIds: bigint[]): Promise<Profile[]> {
    if (userIds.length === 0) return [];
    const answer = await this.client.request({ case: 'queryUserProfilesRequest', value: { userIds } });
    const data = answer.data?.kind;
    return data?.case === 'userInfosWithVersion' ? data.value.userInfos.map(toProfile) : [];
  }

  /** Changes one's own profile: the fields that are given. */
  async updateProfile(change: { name?: string; intro?: string; profilePicture?: string }): Promise<void> {
    await this.client.request({ case: 'updateUserRequest', value: change });
  }

  /** The types of the devices that the user is signed in on, as far as that user lets others see. */
  async devices(userId: bigint): Promise<DeviceType[]> {
    const answer = await this.client.request({ case: 'queryUserOnlineStatusesRequest', value: { userIds: [userId] } });
    const data = answer.data?.kind;
    if (data?.case !== 'userOnlineStatuses') return [];
    return data.value.statuses.find((status) => status.userId === userId)?.deviceTypes ?? [];
  }

  /** Whose names have the text in them: names that begin with it first. */
  async search(name: string, limit = 10): Promise<Profile[]> {
    const answer = await this.client.request({ case: 'queryUserProfilesRequest', value: { userIds: [], name, limit } });
    const data = answer.data?.kind;
    return data?.case === 'userInfosWithVersion' ? data.value.userInfos.map(toProfile) : [];
  }
}
