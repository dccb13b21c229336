import { type ClipboardEvent, type KeyboardEvent, type RefObject, useId, useRef } from 'react';
import { IconButton } from '../components/Button';
import { isTouch, useBottomBar } from '../components/focus';
import { useTexts } from '../i18n';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { useApp } from '../state/store';
import { remainingLength } from './length';
import { useMutedUntil } from './muted';
import { useTimeText } from './time';

export function Composer({ groupId, field }: { groupId: bigint; field: RefObject<HTMLTextAreaElement | null> }) {
  const { conversation: texts } = useTexts();
  const names = useNames();
  const time = useTimeText();
  const text = useApp((state) => state.drafts.get(groupId) ?? '');
  const remaining = remainingLength(text);
  const mutedUntil = useMutedUntil(groupId);
  const bar = useBottomBar<HTMLElement>();
  const noteId = useId();
  const picker = useRef<HTMLInputElement>(null);
  const uploads = useApp((state) => state.uploads.get(groupId));
  const isTooLong = remaining !== undefined && remaining < 0;
  // What is sent has to be shown somewhere.
  const isLoaded = useApp((state) => state.conversations.has(groupId));
  const maySend = isLoaded && text.trim() !== '' && !isTooLong && mutedUntil === undefined;

  const mayAttach = isLoaded && mutedUntil === undefined;
  const attach = (files: readonly File[]) => {
    if (mayAttach && files.length > 0) void app.conversations.sendFiles(groupId, files);
  };
  const onPaste = (event: ClipboardEvent) => {
    const files = [...event.clipboardData.files];
    // What is copied from a page may come as text and as a picture of it.
    if (files.length === 0 || event.clipboardData.types.includes('text/plain')) return;
    event.preventDefault();
    attach(files);
  };
  const change = (value: string) => app.conversations.setDraft(groupId, value);
  const send = () => {
    if (!maySend) return;
    const trimmed = text.trim();
    change('');
    void app.conversations.send(groupId, trimmed);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // Enter that ends the composition of a word, as in Chinese, is not Enter that sends.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    // The keyboards on the screens of phones have no Shift+Enter: there Enter is a line, and the button sends.
    if (isTouch() && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    send();
  };

  return (
    <footer className="composer" ref={bar}>
      <Typing groupId={groupId} />
      <div className="composer-row">
        <textarea
          ref={field}
          className="field composer-field"
          aria-label={texts.placeholder(names.group(groupId))}
          placeholder={texts.placeholder(names.group(groupId))}
          aria-describedby={noteId}
          aria-invalid={isTooLong}
          rows={1}
          value={text}
          onChange={(event) => {
            change(event.target.value);
            if (event.target.value !== '') app.conversations.typing(groupId);
          }}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
        />
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-hidden="true"
          onChange={(event) => {
            attach([...(event.target.files ?? [])]);
            // The same file may be chosen again.
            event.target.value = '';
          }}
        />
        <IconButton
          icon="clip"
          label={texts.attach}
          aria-disabled={!mayAttach}
          aria-describedby={noteId}
          onClick={() => mayAttach && picker.current?.click()}
        />
        <IconButton
          icon="send"
          tone="primary"
          label={texts.send}
          // Not `disabled`: that would take the focus, and keep the reason from whoever comes here by keyboard.
          aria-disabled={!maySend}
          aria-describedby={noteId}
          // The field keeps the focus, and a phone's keyboard stays open for the next message.
          onPointerDown={(event) => {
            event.preventDefault();
            field.current?.focus();
          }}
          onClick={send}
        />
      </div>
      <div id={noteId} role="status">
        {mutedUntil !== undefined && <p className="composer-muted">{texts.mutedUntil(time.moment(mutedUntil))}</p>}
        {uploads?.map((name, index) => (
          <p key={index} className="composer-remaining">
            {texts.uploading(name)}
          </p>
        ))}
        <Remaining count={remaining} />
      </div>
    </footer>
  );
}

/** How much room is left, or by how much it is too long. */
export function Remaining({ count }: { count: number | undefined }) {
  const { conversation: texts } = useTexts();
  if (count === undefined) return null;
  if (count >= 0) return <p className="composer-remaining">{texts.remaining(count)}</p>;
  return (
    <p className="composer-remaining is-over">
      <span aria-hidden="true">−{-count}</span>
      <span className="visually-hidden">{texts.tooLong(-count)}</span>
    </p>
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
          {texts.typing([...typing.keys()].map((id) => names.member(groupId, id)))}
        </>
      )}
    </p>
  );
}
