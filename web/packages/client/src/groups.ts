import { RequestStatus, ResponseAction } from './gen/turms/model_pb.js';
import {
  type GroupInfo,
  type GroupMemberRole,
  type Invitation,
  type Member,
  toGroupInfo,
  toInvitation,
  toMember,
} from './models.js';
import { createdId, type Requester } from './requester.js';

/** Groups, their members, and invitations to them. */
export class GroupsApi {
  constructor(private readonly client: Requester) {}

  /** The groups that the user is a member of. */
  async joined(): Promise<GroupInfo[]> {
    const answer = await this.client.request({ case: 'queryJoinedGroupInfosRequest', value: {} });
    const data = answer.data?.kind;
    return data?.case === 'groupsWithVersion' ? data.value.groups.map(toGroupInfo) : [];
  }

  /** Returns the new group's id. */
  async create(name: string, intro?: string): Promise<bigint> {
    const value = { name, ...(intro !== undefined && { intro }) };
    return createdId(await this.client.request({ case: 'createGroupRequest', value }));
  }

  async rename(groupId: bigint, name: string): Promise<void> {
    await this.client.request({ case: 'updateGroupRequest', value: { groupId, name } });
  }

  async members(groupId: bigint): Promise<Member[]> {
    const answer = await this.client.request({ case: 'queryGroupMembersRequest', value: { groupId } });
    const data = answer.data?.kind;
    return data?.case === 'groupMembersWithVersion' ? data.value.groupMembers.map(toMember) : [];
  }

  async removeMember(groupId: bigint, userId: bigint): Promise<void> {
    await this.client.request({ case: 'deleteGroupMembersRequest', value: { groupId, memberIds: [userId] } });
  }

  /** Keeps a member from writing and speaking until the given time; a time in the past lifts it. */
  async muteMember(groupId: bigint, userId: bigint, until: number): Promise<void> {
    await this.client.request({
      case: 'updateGroupMemberRequest',
      value: { groupId, memberId: userId, muteEndDate: BigInt(until) },
    });
  }

  async setRole(groupId: bigint, userId: bigint, role: GroupMemberRole): Promise<void> {
    await this.client.request({
      case: 'updateGroupMemberRequest',
      value: { groupId, memberId: userId, role },
    });
  }

  /** Invites a user; returns the invitation's id. */
  async invite(groupId: bigint, inviteeId: bigint, content = ''): Promise<bigint> {
    return createdId(
      await this.client.request({ case: 'createGroupInvitationRequest', value: { groupId, inviteeId, content } }),
    );
  }

  /** Invitations that the user received and has not answered. */
  async pendingInvitations(): Promise<Invitation[]> {
    const answer = await this.client.request({
      case: 'queryGroupInvitationsRequest',
      value: { areSentByMe: false },
    });
    const data = answer.data?.kind;
    if (data?.case !== 'groupInvitationsWithVersion') return [];
    return data.value.groupInvitations
      .map(toInvitation)
      .filter((invitation) => invitation.status === RequestStatus.PENDING);
  }

  async answerInvitation(invitationId: bigint, accept: boolean): Promise<void> {
    await this.client.request({
      case: 'updateGroupInvitationRequest',
      value: { invitationId, responseAction: accept ? ResponseAction.ACCEPT : ResponseAction.DECLINE },
    });
  }
}
