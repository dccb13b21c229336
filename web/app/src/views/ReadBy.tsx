import { useEffect } from 'react';
import { Icon } from '../components/Icon';
import { useTexts } from '../i18n';
import { type ConversationKey, groupIdOf } from '../state/conversationKey';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { type Conversation, useApp } from '../state/store';

/** In larger groups the server tells nobody when others read. */
const toldUpTo = 50;
const firstPauseMs = 1500;
const longestPauseMs = 60_000;

interface ReadByProps {
  conversationKey: ConversationKey;
  conversation: Conversation;
}

/** Who has read the user's last message. */
export function ReadBy({ conversationKey: key, conversation }: ReadByProps) {
  const { conversation: texts } = useTexts();
  const names = useNames();
  const me = useApp((state) => state.me);
  const groupId = groupIdOf(key);
  const members = useApp((state) => (groupId === undefined ? undefined : state.members.get(groupId)));
  const last = conversation.entries.at(-1);
  const isMine = last !== undefined && last.senderId === me && last.status === 'sent' && !last.system;
  const readers = isMine ? [...conversation.reads].filter(([userId, readAt]) => userId !== me && readAt >= last.sentAt) : [];
  const isByAll = members !== undefined && members.length > 1 && readers.length >= members.length - 1;
  const isAsked = isMine && !isByAll && (members?.length ?? 0) > toldUpTo;
  const lastKey = last?.key;
  // Asked ever more rarely.
  useEffect(() => {
    if (!isAsked) return undefined;
    let pauseMs = firstPauseMs;
    let timer: ReturnType<typeof setTimeout>;
    const ask = () => {
      if (document.visibilityState === 'visible') void app.conversations.askReads(key);
      timer = setTimeout(ask, pauseMs);
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
    };
    timer = setTimeout(ask, pauseMs);
    return () => clearTimeout(timer);
  }, [key, lastKey, isAsked]);

  const isReadByOther = isMine && groupId === undefined && (last.sequence ?? 0n) > 0n && conversation.theirReadSequence >= last.sequence!;
  const text = isReadByOther
    ? texts.read
    : readers.length === 0
      ? undefined
      : isByAll
        ? texts.readByAll
        : texts.readBy(readers.map(([userId]) => names.in(key, userId)).join(', '));
  if (text === undefined) return null;
  return (
    <p className="read-by">
      <Icon name="check" size={14} />
      {text}
    </p>
  );
}
