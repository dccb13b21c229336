import type { FriendRequest, Profile } from 'turms-client';
import type { Context } from './context';
import type { GroupsController } from './groups';

/** Friends, blocked people, and requests that were not answered. */
export interface Contacts {
  friends: readonly bigint[];
  blocked: readonly bigint[];
  /** To this user. */
  received: readonly FriendRequest[];
  /** Of this user. */
  sent: readonly FriendRequest[];
}

/** Whom this user knows. What is here is fetched again when anything of it changes, by whomever. */
export class ContactsController {
  constructor(
    private readonly context: Context,
    private readonly groups: Pick<GroupsController, 'needProfiles'>,
  ) {
    context.client.on('contactsChanged', () => void this.refresh());
  }

  async refresh(): Promise<void> {
    const { contacts: api } = this.context.client;
    try {
      const [relationships, received, sent] = await Promise.all([
        api.relationships(),
        api.pendingRequests(false),
        api.pendingRequests(true),
      ]);
      if (this.context.state.phase !== 'signedIn' && this.context.state.phase !== 'restoring') return;
      const idsOf = (wanted: boolean) => relationships.filter(({ blocked }) => blocked === wanted).map(({ userId }) => userId);
      this.context.set({ contacts: { friends: idsOf(false), blocked: idsOf(true), received, sent } });
      const people = [...received.map(({ requesterId }) => requesterId), ...sent.map(({ recipientId }) => recipientId)];
      this.groups.needProfiles([...relationships.map(({ userId }) => userId), ...people]);
    } catch {
      // The connection's own state says what is wrong; the next sign-in fetches again.
    }
  }

  /** Asks each of the people; rejects with why one cannot be asked. */
  async request(people: readonly Profile[], content: string): Promise<void> {
    try {
      for (const { id } of people) await this.context.client.contacts.request(id, content);
    } finally {
      await this.refresh();
    }
  }

  answer(requestId: bigint, accept: boolean): Promise<boolean> {
    return this.change(() => this.context.client.contacts.answer(requestId, accept));
  }

  remove(userId: bigint): Promise<boolean> {
    return this.change(() => this.context.client.contacts.remove(userId));
  }

  setBlocked(userId: bigint, blocked: boolean): Promise<boolean> {
    const { contacts } = this.context.client;
    return this.change(() => (blocked ? contacts.block(userId) : contacts.unblock(userId)));
  }

  private change(action: () => Promise<void>): Promise<boolean> {
    return this.context.attempt(async () => {
      await action();
      await this.refresh();
    });
  }
}
