import type { Reaction } from 'turms-client';
import { useTexts } from '../i18n';
import type { ConversationKey } from '../state/conversationKey';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { countText } from './count';

/** Offered first. A reaction is told by the code point of its emoji. */
export const commonReactions = [0x1f44d, 0x2764, 0x1f602, 0x1f389, 0x1f62e, 0x1f622] as const;

const maxCodePoint = 0x10ffff;

/** The picture of a reaction; of a number that is no picture, the number. */
export function emojiOf(type: number): string {
  if (type < 0x203c || type > maxCodePoint) return `#${type}`;
  const picture = String.fromCodePoint(type);
  // Older ones are drawn as letters unless this says otherwise.
  return type < 0x1f000 ? `${picture}\ufe0f` : picture;
}

interface ReactionsProps {
  conversationKey: ConversationKey;
  messageId: bigint;
  reactions: readonly Reaction[];
  me: bigint;
  tabIndex: number;
}

/** How people reacted to a message; a press joins in, or takes back one's own. */
export function Reactions({ conversationKey: key, messageId, reactions, me, tabIndex }: ReactionsProps) {
  const { conversation: texts } = useTexts();
  const names = useNames();
  if (reactions.length === 0) return null;
  return (
    <div className="reactions" role="group" aria-label={texts.reactions}>
      {reactions.map(({ type, count, userIds }) => {
        const isMine = userIds.includes(me);
        const who = userIds.map((id) => names.in(key, id)).join(', ');
        return (
          <button
            key={type}
            type="button"
            className="reaction"
            tabIndex={tabIndex}
            aria-pressed={isMine}
            aria-label={texts.reactionBy(emojiOf(type), who, count)}
            title={who}
            onClick={() => void app.writing.react(messageId, type, !isMine)}
          >
            <span aria-hidden="true">{emojiOf(type)}</span>
            <span aria-hidden="true">{countText(count)}</span>
          </button>
        );
      })}
    </div>
  );
}
