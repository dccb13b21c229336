import { RequestStatus, ResponseAction } from './gen/turms/model_pb.js';
import { createdId, type Requester } from './requester.js';

/** Somebody's wish to be a friend. Times are milliseconds. */
export interface FriendRequest {
  id: bigint;
  requesterId: bigint;
  recipientId: bigint;
  content: string;
  createdAt: number;
}

/** Somebody whom the user knows, or has blocked. */
export interface Relationship {
  userId: bigint;
  blocked: boolean;
}

/** Friends, requests to become one, and who is blocked. */
export class ContactsApi {
  constructor(private readonly client: Requester) {}

  /** Friends and blocked people. */
  async relationships(): Promise<Relationship[]> {
    const answer = await this.client.request({ case: 'queryRelationshipsRequest', value: {} });
    const data = answer.data?.kind;
    if (data?.case !== 'userRelationshipsWithVersion') return [];
    return data.value.userRelationships.map(({ relatedUserId = 0n, blockDate }) => ({
      userId: relatedUserId,
      blocked: blockDate !== undefined,
    }));
  }

  /** Requests that were not answered yet: to the user, or those of the user. */
  async pendingRequests(sent: boolean): Promise<FriendRequest[]> {
    const answer = await this.client.request({ case: 'queryFriendRequestsRequest', value: { areSentByMe: sent } });
    const data = answer.data?.kind;
    if (data?.case !== 'userFriendRequestsWithVersion') return [];
    return data.value.userFriendRequests
      .filter(({ requestStatus }) => requestStatus === RequestStatus.PENDING)
      .map(({ id = 0n, requesterId = 0n, recipientId = 0n, content = '', creationDate = 0n }) => ({
        id,
        requesterId,
        recipientId,
        content,
        createdAt: Number(creationDate),
      }));
  }

  /** Asks somebody to be a friend; returns the request's id. */
  async request(recipientId: bigint, content = ''): Promise<bigint> {
    return createdId(await this.client.request({ case: 'createFriendRequestRequest', value: { recipientId, content } }));
  }

  async answer(requestId: bigint, accept: boolean): Promise<void> {
    const responseAction = accept ? ResponseAction.ACCEPT : ResponseAction.DECLINE;
    await this.client.request({ case: 'updateFriendRequestRequest', value: { requestId, responseAction } });
  }

  /** Ends what the user has with somebody: a friendship, or a block. */
  async remove(userId: bigint): Promise<void> {
    await this.client.request({ case: 'deleteRelationshipRequest', value: { userId } });
  }

  /** Blocks somebody, friend or not. */
  async block(userId: bigint): Promise<void> {
    await this.client.request({ case: 'updateRelationshipRequest', value: { userId, blocked: true } });
  }

  /** Whom the user had as a friend is one again. */
  async unblock(userId: bigint): Promise<void> {
    await this.client.request({ case: 'updateRelationshipRequest', value: { userId, blocked: false } });
  }
}
