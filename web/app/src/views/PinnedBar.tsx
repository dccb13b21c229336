import { parseAttachment } from 'turms-client';
import { Icon } from '../components/Icon';
import { useTexts } from '../i18n';
import type { ConversationKey } from '../state/conversationKey';
import { spokenText } from '../state/mentions';
import { useNames } from '../state/names';
import { showSpot } from '../state/spot';
import { useApp } from '../state/store';
import { countText } from './count';

/** The message that was pinned last, which leads to where it stands; and how many there are. */
export function PinnedBar({ conversationKey: key }: { conversationKey: ConversationKey }) {
  const { conversation: texts } = useTexts();
  const names = useNames();
  const pinned = useApp((state) => state.pins.get(key));
  const last = pinned?.[0];
  if (!last) return null;
  const said = parseAttachment(last.text)?.name ?? spokenText(last.text, (id) => names.in(key, id));
  const { sequence } = last;
  return (
    <section className="pinned" aria-label={texts.pinned}>
      <Icon name="pin" size={16} />
      <button type="button" className="pinned-message" onClick={() => sequence !== undefined && showSpot({ key, sequence })}>
        <strong dir="auto">{names.in(key, last.senderId)}</strong>
        <span dir="auto">{said}</span>
      </button>
      {pinned.length > 1 && <small>{texts.pinnedCount(countText(pinned.length))}</small>}
    </section>
  );
}
