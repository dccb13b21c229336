import { useMemo } from 'react';
import { type ConversationKey, groupIdOf, personIdOf } from '../state/conversationKey';
import type { Mentionable } from '../state/mentions';
import { useNames } from '../state/names';
import { useApp } from '../state/store';

/** Who can be named in a message of the conversation. */
export function useMentionable(key: ConversationKey): readonly Mentionable[] {
  const names = useNames();
  const groupId = groupIdOf(key);
  const members = useApp((state) => (groupId === undefined ? undefined : state.members.get(groupId)));
  const profiles = useApp((state) => state.profiles);
  return useMemo(() => {
    const person = personIdOf(key);
    const ids = members?.map(({ userId }) => userId) ?? (person === undefined ? [] : [person]);
    return ids.map((id) => ({ id, name: names.in(key, id) }));
    // The names come from the profiles and members.
  }, [key, members, profiles]);
}
