import { useEffect, useState } from 'react';
import { TurmsError } from 'turms-client';
import { groupKey } from '../state/conversationKey';
import { app } from '../state/page';
import { useApp } from '../state/store';

/** Not every server tells a member of a mute or of its end: it is asked while it matters. */
const askEveryMs = 20_000;
/** The server's code for a message of a member who is muted. */
const sendMutedMember = 5008;

/** Until when the user may not write in the group; nothing when the user may. */
export function useMutedUntil(groupId: bigint | undefined): number | undefined {
  const until = useApp((state) => (groupId === undefined ? undefined : state.members.get(groupId))?.find(({ userId }) => userId === state.me)?.muteEndsAt ?? 0);
  const refused = useApp((state) => {
    const last = groupId === undefined ? undefined : state.conversations.get(groupKey(groupId))?.entries.at(-1);
    const isRefused = last?.error instanceof TurmsError && last.error.code === sendMutedMember;
    return isRefused ? last.key : undefined;
  });
  const [, setAsked] = useState(0);
  const isMuted = until > Date.now();
  useEffect(() => {
    if (refused !== undefined && groupId !== undefined) void app.groups.refreshMembers(groupId);
  }, [groupId, refused]);
  useEffect(() => {
    if (!isMuted || groupId === undefined) return undefined;
    const ask = () => {
      setAsked((count) => count + 1);
      void app.groups.refreshMembers(groupId);
    };
    const timer = setInterval(ask, askEveryMs);
    const atEnd = setTimeout(ask, Math.min(until - Date.now() + 50, askEveryMs));
    return () => {
      clearInterval(timer);
      clearTimeout(atEnd);
    };
  }, [groupId, until, isMuted]);
  return isMuted ? until : undefined;
}
