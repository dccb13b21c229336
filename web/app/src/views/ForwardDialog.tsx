import { useState } from 'react';
import { Avatar } from '../components/Avatar';
import { Dialog } from '../components/Dialog';
import { useTexts } from '../i18n';
import type { ConversationKey } from '../state/conversationKey';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { useApp } from '../state/store';
import { sortedKeys } from './sorting';

const maxShown = 50;

interface ForwardDialogProps {
  messageId: bigint;
  said: string;
  onClose: () => void;
}

/** Asks where a message goes as well. */
export function ForwardDialog({ messageId, said, onClose }: ForwardDialogProps) {
  const texts = useTexts();
  const names = useNames();
  const conversations = useApp((state) => state.conversations);
  const [text, setText] = useState('');
  const [chosen, setChosen] = useState<ConversationKey>();
  const [isMissing, setIsMissing] = useState(false);
  const wanted = text.trim().toLocaleLowerCase();
  const found = sortedKeys(conversations)
    .filter((key) => names.conversation(key).toLocaleLowerCase().includes(wanted))
    .slice(0, maxShown);
  const forward = () => {
    setIsMissing(chosen === undefined);
    if (chosen === undefined) return;
    onClose();
    void app.writing.forward(messageId, chosen, names.conversation(chosen));
  };
  return (
    <Dialog
      title={texts.conversation.forwardTitle}
      confirm={texts.conversation.forward}
      onConfirm={forward}
      onClose={onClose}
      {...(isMissing && { error: texts.conversation.forwardMissing })}
    >
      <blockquote className="dialog-quote" dir="auto">
        {said}
      </blockquote>
      <label className="dialog-field">
        {texts.conversation.forwardTo}
        <input className="field" type="search" autoFocus value={text} onChange={(event) => setText(event.target.value)} />
      </label>
      <div className="choices" role="radiogroup" aria-label={texts.conversation.forwardTo}>
        {found.map((key) => (
          <label key={key} className="choice">
            <input type="radio" name="to" checked={chosen === key} onChange={() => setChosen(key)} />
            <Avatar id={BigInt(key.slice(1))} name={names.conversation(key)} size={28} />
            <bdi>{names.conversation(key)}</bdi>
          </label>
        ))}
        {found.length === 0 && <p className="empty">{texts.people.nobody}</p>}
      </div>
    </Dialog>
  );
}
