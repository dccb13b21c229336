import { parseAttachment } from 'turms-client';
import { useTexts } from '../i18n';
import type { ConversationKey } from '../state/conversationKey';
import { spokenText } from '../state/mentions';
import { useNames } from '../state/names';
import { showSpot } from '../state/spot';
import { useApp } from '../state/store';

interface QuoteProps {
  conversationKey: ConversationKey;
  messageId: bigint;
  tabIndex: number;
}

/** What a message answers, in one line that leads there. */
export function Quote({ conversationKey: key, messageId, tabIndex }: QuoteProps) {
  const { conversation: texts } = useTexts();
  const names = useNames();
  const here = useApp((state) => state.conversations.get(key)?.entries.find(({ id }) => id === messageId));
  const fetched = useApp((state) => state.quoted.get(messageId));
  const quoted = here ?? fetched;
  if (quoted === undefined || quoted === 'gone' || quoted.system) {
    return <p className="quote is-gone">{quoted === undefined ? '…' : texts.quotedGone}</p>;
  }
  const name = names.in(key, quoted.senderId);
  const text = parseAttachment(quoted.text)?.name ?? spokenText(quoted.text, (id) => names.in(key, id));
  const { sequence } = quoted;
  return (
    <button
      type="button"
      className="quote"
      tabIndex={tabIndex}
      aria-label={texts.goToQuoted(name, text)}
      onClick={() => sequence !== undefined && showSpot({ key, sequence })}
    >
      <strong dir="auto">{name}</strong>
      <span dir="auto">{text}</span>
    </button>
  );
}
