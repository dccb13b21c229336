import { type KeyboardEvent } from 'react';
import { IconButton } from '../components/Button';
import { useTexts } from '../i18n';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { useApp } from '../state/store';

/** The server stores no longer text. */
export const maxTextLength = 500;
const tellRemainingBelow = 60;

export function Composer({ groupId }: { groupId: bigint }) {
  const { conversation: texts } = useTexts();
  const names = useNames();
  const text = useApp((state) => state.drafts.get(groupId) ?? '');
  const remaining = maxTextLength - text.length;

  const change = (value: string) => app.conversations.setDraft(groupId, value);
  const send = () => {
    const trimmed = text.trim();
    if (trimmed === '') return;
    change('');
    void app.conversations.send(groupId, trimmed);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // Enter that ends the composition of a word, as in Chinese, is not Enter that sends.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };

  return (
    <footer className="composer">
      <Typing groupId={groupId} />
      <div className="composer-row">
        <textarea
          className="field composer-field"
          aria-label={texts.placeholder(names.group(groupId))}
          placeholder={texts.placeholder(names.group(groupId))}
          rows={1}
          maxLength={maxTextLength}
          value={text}
          onChange={(event) => {
            change(event.target.value);
            if (event.target.value !== '') app.conversations.typing(groupId);
          }}
          onKeyDown={onKeyDown}
        />
        <IconButton icon="send" tone="primary" label={texts.send} disabled={text.trim() === ''} onClick={send} />
      </div>
      {remaining < tellRemainingBelow && (
        <p className="composer-remaining" role="status">
          {texts.remaining(remaining)}
        </p>
      )}
    </footer>
  );
}

function Typing({ groupId }: { groupId: bigint }) {
  const { conversation: texts } = useTexts();
  const names = useNames();
  const typing = useApp((state) => state.typing.get(groupId));
  return (
    <p className="typing" role="status">
      {typing && typing.size > 0 && (
        <>
          <span className="typing-dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {texts.typing([...typing.keys()].map(names.user))}
        </>
      )}
    </p>
  );
}
