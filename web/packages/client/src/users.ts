import type { Requester } from './requester.js';
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

  /** Whose names have the text in them: names that begin with it first. */
  async search(name: string, limit = 10): Promise<Profile[]> {
    const answer = await this.client.request({ case: 'queryUserProfilesRequest', value: { userIds: [], name, limit } });
    const data = answer.data?.kind;
    return data?.case === 'userInfosWithVersion' ? data.value.userInfos.map(toProfile) : [];
  }
}
