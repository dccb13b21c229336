import { IconButton } from '../components/Button';
import { useTexts } from '../i18n';
import { Composer } from '../views/Composer';
import { MessageList } from '../views/MessageList';

/** The conversation of the group, beside its meeting. */
export function ChatPanel({ groupId, onClose }: { groupId: bigint; onClose: () => void }) {
  const texts = useTexts();
  return (
    <aside className="meeting-panel" aria-label={texts.meeting.chat}>
      <header className="pane-header">
        <div className="pane-title">
          <h2>{texts.meeting.chat}</h2>
        </div>
        <IconButton icon="close" label={texts.common.close} onClick={onClose} />
      </header>
      <MessageList groupId={groupId} />
      <Composer groupId={groupId} />
    </aside>
  );
}
