import { DeviceType, UserStatus } from './gen/turms/model_pb.js';
import type { Requester } from './requester.js';

/** How somebody is seen by others. */
export interface OnlineStatus {
  status: UserStatus;
  /** Where they are signed in. */
  devices: DeviceType[];
}

/** Who is there. A part of its own: `new Presence(client)`. */
export class Presence {
  constructor(private readonly client: Requester) {}

  /** How each of the users is seen; of one that does not exist there is nothing. */
  async of(userIds: readonly bigint[]): Promise<Map<bigint, OnlineStatus>> {
    const out = new Map<bigint, OnlineStatus>();
    if (userIds.length === 0) return out;
    const answer = await this.client.request({ case: 'queryUserOnlineStatusesRequest', value: { userIds: [...userIds] } });
    const data = answer.data?.kind;
    if (data?.case !== 'userOnlineStatuses') return out;
    for (const { userId, userStatus, deviceTypes } of data.value.statuses) out.set(userId, { status: userStatus, devices: deviceTypes });
    return out;
  }

  /** How this user is seen: available, busy, away, invisible, …. OFFLINE ends sessions, of these devices or of all. */
  async set(userStatus: UserStatus, deviceTypes: DeviceType[] = []): Promise<void> {
    await this.client.request({ case: 'updateUserOnlineStatusRequest', value: { userStatus, deviceTypes } });
  }
}

export { UserStatus };
