import { useEffect, useRef } from 'react';
import { IconButton } from '../components/Button';
import { isTouch, usePanel } from '../components/focus';
import { useTexts } from '../i18n';
import { groupKey } from '../state/conversationKey';
import { app } from '../state/page';
import { Composer } from '../views/Composer';
import { MessageList } from '../views/MessageList';

/** The conversation of the group, beside its meeting. */
export function ChatPanel({ groupId, onClose }: { groupId: bigint; onClose: () => void }) {
  const texts = useTexts();
  const panel = usePanel(onClose);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    void app.conversations.open(groupKey(groupId));
  }, [groupId]);
  useEffect(() => {
    if (!isTouch()) field.current?.focus();
  }, []);
  return (
    <aside className="meeting-panel" aria-label={texts.meeting.chat} {...panel}>
      <header className="pane-header">
        <div className="pane-title">
          <h2>{texts.meeting.chat}</h2>
        </div>
        <IconButton icon="close" label={texts.common.close} onClick={onClose} />
      </header>
      <MessageList conversationKey={groupKey(groupId)} />
      <Composer conversationKey={groupKey(groupId)} field={field} />
    </aside>
  );
}
