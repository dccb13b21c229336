import { type KeyboardEvent, useId, useLayoutEffect, useRef, useState } from 'react';
import { Button } from '../components/Button';
import { isTouch } from '../components/focus';
import { useTexts } from '../i18n';
import type { ConversationKey } from '../state/conversationKey';
import { plainText, withIds } from '../state/mentions';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { Remaining } from './Remaining';
import { remainingLength } from './length';
import { useMentionable } from './mentionable';

interface EditorProps {
  conversationKey: ConversationKey;
  id: bigint;
  text: string;
  onDone: () => void;
}

/** A message in the place of itself, to be changed. */
export function MessageEditor({ conversationKey: key, id, text, onDone }: EditorProps) {
  const texts = useTexts();
  const names = useNames();
  const people = useMentionable(key);
  const [draft, setDraft] = useState(() => plainText(text, (userId) => names.in(key, userId)));
  const [isEmpty, setIsEmpty] = useState(false);
  const noteId = useId();
  const editor = useRef<HTMLDivElement>(null);
  const sent = withIds(draft.trim(), people);
  const remaining = remainingLength(sent);
  const isTooLong = remaining !== undefined && remaining < 0;
  // All of it, with the buttons: the field alone may have been in view already.
  useLayoutEffect(() => {
    editor.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  const save = async () => {
    setIsEmpty(sent === '');
    if (sent === '' || isTooLong) return;
    if (sent === text) onDone();
    else if (await app.writing.edit(id, sent)) onDone();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Escape') {
      // What the conversation stands in is not to close as well.
      event.stopPropagation();
      onDone();
    }
    if (event.key === 'Enter' && !event.shiftKey && (!isTouch() || event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void save();
    }
  };
  return (
    <div className="message-editor" ref={editor}>
      <textarea
        className="field"
        dir="auto"
        aria-label={texts.conversation.editing}
        autoFocus
        rows={2}
        value={draft}
        aria-invalid={isTooLong || isEmpty}
        aria-describedby={noteId}
        onChange={(event) => {
          setDraft(event.target.value);
          setIsEmpty(false);
        }}
        onKeyDown={onKeyDown}
        onFocus={(event) => event.target.setSelectionRange(draft.length, draft.length)}
      />
      <div id={noteId} className="message-editor-note" role="status">
        {isEmpty && <p className="form-error">{texts.conversation.editEmpty}</p>}
        <Remaining count={remaining} />
      </div>
      <div>
        <Button onClick={onDone}>{texts.common.cancel}</Button>
        <Button tone="primary" aria-disabled={isTooLong} aria-describedby={noteId} onClick={() => void save()}>
          {texts.common.save}
        </Button>
      </div>
    </div>
  );
}
