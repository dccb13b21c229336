import type { GroupInfo, Invitation, Member, Profile } from 'turms-client';
import type { Contacts } from '../contacts';

/** Groups, who is in them, and what people are called. */
export interface PeopleSlice {
  groups: ReadonlyMap<bigint, GroupInfo>;
  groupsLoaded: boolean;
  members: ReadonlyMap<bigint, readonly Member[]>;
  profiles: ReadonlyMap<bigint, Profile>;
  invitations: readonly Invitation[];
  /** Absent until they were asked for. */
  contacts?: Contacts | undefined;
}

export const initialPeople: PeopleSlice = {
  groups: new Map(),
  groupsLoaded: false,
  members: new Map(),
  profiles: new Map(),
  invitations: [],
};
