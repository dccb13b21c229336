import { type GroupInfo, GroupMemberRole, type Invitation, type Member, type Profile, TurmsError } from 'turms-client';
import type { Context } from './context';
import { groupKey } from './conversationKey';
import { withEntry } from './store';

const muteDurationMs = 60 * 60_000;
/** Ids asked for in one query of profiles. */
const profilePage = 100;
/** The code of the server for it. */
const noSuchUser = 2300;

interface MemberRefresh {
  /** Whether to fetch once more when this fetch is done. */
  again: boolean;
  done: Promise<void>;
}

/** Groups, their members, invitations and the profiles of the people in them. */
export class GroupsController {
  private readonly profileRequests = new Set<bigint>();
  /** All that the server has for the user and that were not answered. */
  private pending: readonly Invitation[] = [];
  private readonly memberRefreshes = new Map<bigint, MemberRefresh>();

  constructor(
    private readonly context: Context,
    /** Called for each group that was not known before. */
    private readonly onGroupAdded: (groupId: bigint) => void,
    private readonly onGroupRemoved: (groupId: bigint) => void,
  ) {
    const { client } = context;
    client.on('membersChanged', ({ groupId, change, userIds }) => {
      if (change === 'removed' && userIds.includes(context.state.me)) this.forget(groupId, true);
      else if (context.state.groups.has(groupId)) void this.refreshMembers(groupId);
      else void this.refresh();
    });
    client.on('groupChanged', ({ groupId, change }) => {
      if (change === 'deleted' && groupId !== undefined) this.forget(groupId, true);
      else void this.refresh();
    });
    client.on('invitation', ({ inviteeId }) => {
      if (inviteeId === context.state.me) void this.refreshInvitations();
    });
    client.on('invitationAnswered', ({ accepted, by }) => {
      if (by === context.state.me) {
        void this.refresh();
        void this.refreshInvitations();
      } else if (accepted) {
        // The push does not say which group it was about: the open ones are asked again.
        for (const groupId of context.state.members.keys()) void this.refreshMembers(groupId);
      }
    });
  }

  /** Fetches the groups and tells which appeared and which went. */
  async refresh(): Promise<void> {
    let joined: GroupInfo[];
    try {
      joined = await this.context.client.groups.joined();
    } catch {
      // The connection's own state says what is wrong; the next sign-in fetches again.
      return;
    }
    const before = this.context.state.groups;
    const groups = new Map(joined.map((group) => [group.id, group]));
    this.context.set({ groups, groupsLoaded: true });
    this.putInvitations(this.pending);
    for (const id of before.keys()) if (!groups.has(id)) this.forget(id, false);
    for (const id of groups.keys()) if (!before.has(id)) this.onGroupAdded(id);
  }

  async refreshInvitations(): Promise<void> {
    try {
      const invitations = await this.context.client.groups.pendingInvitations();
      this.putInvitations(invitations);
      this.needProfiles(invitations.map(({ inviterId }) => inviterId));
    } catch {
      // As above.
    }
  }

  /** Fetches the members of a group; a change told while it does makes it fetch once more. */
  refreshMembers(groupId: bigint): Promise<void> {
    const running = this.memberRefreshes.get(groupId);
    if (running) {
      running.again = true;
      return running.done;
    }
    const refresh = { again: false, done: Promise.resolve() };
    this.memberRefreshes.set(groupId, refresh);
    refresh.done = this.fetchMembers(groupId, refresh);
    return refresh.done;
  }

  /** Sees to it that the names of these users become known. */
  needProfiles(userIds: Iterable<bigint>): void {
    const { profiles } = this.context.state;
    const missing = [...new Set(userIds)].filter(
      (id) => id > 0n && !profiles.has(id) && !this.profileRequests.has(id),
    );
    for (let start = 0; start < missing.length; start += profilePage) {
      void this.fetchProfiles(missing.slice(start, start + profilePage));
    }
  }

  /** The session is over. */
  reset(): void {
    this.pending = [];
  }

  /** People whose names have the text in them, other than this user. */
  async find(name: string): Promise<Profile[]> {
    const found = await this.context.client.users.search(name);
    const profiles = new Map(this.context.state.profiles);
    for (const profile of found) profiles.set(profile.id, profile);
    this.context.set({ profiles });
    return found.filter(({ id }) => id !== this.context.state.me);
  }

  /** Changes what others see of this user. */
  async updateProfile(change: Pick<Profile, 'name' | 'intro'>): Promise<void> {
    const { client, state } = this.context;
    await client.users.updateProfile(change);
    const [profile] = await client.users.profiles([state.me]);
    if (profile) this.context.set({ profiles: withEntry(this.context.state.profiles, state.me, profile) });
  }

  /** The types of the devices that this user is signed in on. */
  async ownDevices(): Promise<readonly number[]> {
    return this.context.client.users.devices(this.context.state.me);
  }

  async create(name: string): Promise<bigint> {
    const id = await this.context.client.groups.create(name);
    await this.refresh();
    return id;
  }

  async invite(groupId: bigint, userId: bigint): Promise<void> {
    // Whether the server refuses an invitation of nobody depends on how it is set; one who is gone is told here.
    const [profile] = await this.context.client.users.profiles([userId]);
    if (!profile) throw new TurmsError('refused', 'There is no such user', noSuchUser);
    this.context.set({ profiles: withEntry(this.context.state.profiles, userId, profile) });
    // Who is invited may not ask what the group is called.
    await this.context.client.groups.invite(groupId, userId, this.context.state.groups.get(groupId)?.name ?? '');
    this.context.toast({ kind: 'invited', name: profile.name || `${userId}` });
  }

  answerInvitation(invitationId: bigint, accept: boolean): Promise<boolean> {
    return this.context.attempt(async () => {
      const { client } = this.context;
      const groupId = this.pending.find(({ id }) => id === invitationId)?.groupId;
      await client.groups.answerInvitation(invitationId, accept);
      this.putInvitations(this.pending.filter(({ id }) => id !== invitationId));
      if (accept) {
        await this.refresh();
        return;
      }
      // The no is to the group: the others who invited to it need not be answered one by one.
      for (const { id } of this.pending.filter((each) => each.groupId === groupId)) {
        await client.groups.answerInvitation(id, false);
        this.putInvitations(this.pending.filter((each) => each.id !== id));
      }
    });
  }

  removeMember(groupId: bigint, userId: bigint): Promise<boolean> {
    return this.changeMember(groupId, () => this.context.client.groups.removeMember(groupId, userId));
  }

  setMuted(groupId: bigint, member: Member, muted: boolean): Promise<boolean> {
    const until = muted ? Date.now() + muteDurationMs : 0;
    return this.changeMember(groupId, () => this.context.client.groups.muteMember(groupId, member.userId, until));
  }

  setManager(groupId: bigint, userId: bigint, isManager: boolean): Promise<boolean> {
    const role = isManager ? GroupMemberRole.MANAGER : GroupMemberRole.MEMBER;
    return this.changeMember(groupId, () => this.context.client.groups.setRole(groupId, userId, role));
  }

  leave(groupId: bigint): Promise<boolean> {
    return this.context.attempt(async () => {
      await this.context.client.groups.removeMember(groupId, this.context.state.me);
      this.forget(groupId, false);
    });
  }

  /** Shows one invitation for each group that the user is not in already. */
  private putInvitations(pending: readonly Invitation[]): void {
    this.pending = pending;
    const byGroup = new Map(pending.map((invitation) => [invitation.groupId, invitation]));
    const invitations = [...byGroup.values()].filter(({ groupId }) => !this.context.state.groups.has(groupId));
    this.context.set({ invitations });
  }

  private async fetchMembers(groupId: bigint, refresh: MemberRefresh): Promise<void> {
    do {
      refresh.again = false;
      try {
        const members = await this.context.client.groups.members(groupId);
        if (!this.context.state.groups.has(groupId)) break;
        this.context.set({ members: withEntry(this.context.state.members, groupId, members) });
        this.needProfiles(members.map(({ userId }) => userId));
      } catch {
        // The connection's own state says what is wrong; the next sign-in fetches again.
        break;
      }
    } while (refresh.again);
    this.memberRefreshes.delete(groupId);
  }

  private changeMember(groupId: bigint, change: () => Promise<void>): Promise<boolean> {
    return this.context.attempt(async () => {
      await change();
      await this.refreshMembers(groupId);
    });
  }

  private forget(groupId: bigint, tell: boolean): void {
    const { groups, conversations, members, typing } = this.context.state;
    const group = groups.get(groupId);
    const key = groupKey(groupId);
    if (!group && !conversations.has(key)) return;
    this.context.set({
      groups: withEntry(groups, groupId, undefined),
      conversations: withEntry(conversations, key, undefined),
      members: withEntry(members, groupId, undefined),
      typing: withEntry(typing, key, undefined),
    });
    if (tell) this.context.toast({ kind: 'removedFromGroup', group: group?.name || `${groupId}` });
    this.onGroupRemoved(groupId);
  }

  private async fetchProfiles(userIds: bigint[]): Promise<void> {
    for (const id of userIds) this.profileRequests.add(id);
    try {
      const fetched = await this.context.client.users.profiles(userIds);
      const profiles = new Map(this.context.state.profiles);
      for (const profile of fetched) profiles.set(profile.id, profile);
      this.context.set({ profiles });
    } catch {
      // Shown by number until the next time somebody needs them.
    } finally {
      for (const id of userIds) this.profileRequests.delete(id);
    }
  }
}
