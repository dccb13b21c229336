import type { Member, Profile } from 'turms-client';
import { type Texts, useTexts } from '../i18n';
import { type ConversationKey, groupIdOf } from './conversationKey';
import { lookalikes } from './lookalikes';
import { type AppState, useApp } from './store';

/** Names of people and groups, for the views. */
export interface Names {
  user: (id: bigint) => string;
  group: (id: bigint) => string;
  /** What the conversation is called: as its group, or as whom it is with. */
  conversation: (key: ConversationKey) => string;
  /** As the conversation knows them. */
  in: (key: ConversationKey, id: bigint) => string;
  /** As the group knows them: by the name in the group, and with the id where two members' names look alike. */
  member: (groupId: bigint, id: bigint) => string;
}

type Profiles = ReadonlyMap<bigint, Profile>;

/** Of a list of members, which is a new one whenever anything in it changes. */
const known = new WeakMap<readonly Member[], { profiles: Profiles; common: Texts['common']; names: Map<bigint, string> }>();

export function memberNames(members: readonly Member[], profiles: Profiles, common: Texts['common']): ReadonlyMap<bigint, string> {
  const kept = known.get(members);
  if (kept?.profiles === profiles && kept.common === common) return kept.names;
  const names = new Map(
    members.map(({ userId, name }) => [userId, name || profiles.get(userId)?.name || common.member(`${userId}`)]),
  );
  for (const id of lookalikes(names)) names.set(id, common.nameWithId(names.get(id) ?? '', `${id}`));
  known.set(members, { profiles, common, names });
  return names;
}

export function useNames(): Names {
  const { common } = useTexts();
  const profiles = useApp((state: AppState) => state.profiles);
  const groups = useApp((state: AppState) => state.groups);
  const members = useApp((state: AppState) => state.members);
  const user = (id: bigint) => profiles.get(id)?.name || common.member(`${id}`);
  const group = (id: bigint) => groups.get(id)?.name || common.group(`${id}`);
  const member = (groupId: bigint, id: bigint) => {
    const list = members.get(groupId);
    return (list && memberNames(list, profiles, common).get(id)) ?? user(id);
  };
  return {
    user,
    group,
    conversation: (key) => (key.startsWith('g') ? group : user)(BigInt(key.slice(1))),
    member,
    in: (key, id) => {
      const groupId = groupIdOf(key);
      return groupId === undefined ? user(id) : member(groupId, id);
    },
  };
}
