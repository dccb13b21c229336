import { type ChangeEvent, type ClipboardEvent, type KeyboardEvent, lazy, type RefObject, Suspense, useId, useRef } from 'react';
import { IconButton } from '../components/Button';
import { isTouch, useBottomBar } from '../components/focus';
import { useTexts } from '../i18n';
import { type ConversationKey, groupIdOf, personIdOf } from '../state/conversationKey';
import { withIds } from '../state/mentions';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { useApp } from '../state/store';
import { remainingLength } from './length';
import { useMentionable } from './mentionable';
import { useMutedUntil } from './muted';
import { useNaming } from './naming';
import { Quote } from './Quote';
import { Remaining } from './Remaining';
import { useTimeText } from './time';

const Uploads = lazy(() => import('./Uploads'));

interface ComposerProps {
  conversationKey: ConversationKey;
  field: RefObject<HTMLTextAreaElement | null>;
}

/** Where one writes: text, names of people, files; and what the message answers. */
export function Composer({ conversationKey: key, field }: ComposerProps) {
  const { conversation: texts } = useTexts();
  const names = useNames();
  const time = useTimeText();
  const people = useMentionable(key);
  const text = useApp((state) => state.drafts.get(key) ?? '');
  const sent = withIds(text.trim(), people);
  const remaining = remainingLength(sent);
  const mutedUntil = useMutedUntil(groupIdOf(key));
  const bar = useBottomBar<HTMLElement>();
  const noteId = useId();
  const picker = useRef<HTMLInputElement>(null);
  const camera = useRef<HTMLInputElement>(null);
  const hasFiles = useApp((state) => state.uploads.has(key));
  const hasChosen = useApp((state) => state.uploads.get(key)?.some(({ state: at }) => at === 'chosen') ?? false);
  const answered = useApp((state) => state.answering.get(key));
  const isTooLong = remaining !== undefined && remaining < 0;
  const isMuted = mutedUntil !== undefined;
  // What is sent has to be shown somewhere.
  const isLoaded = useApp((state) => state.conversations.get(key)?.isLoaded ?? false);
  const maySend = isLoaded && (sent !== '' || hasChosen) && !isTooLong && !isMuted;
  const mayAttach = isLoaded && !isMuted;
  const change = (value: string) => app.writing.setDraft(key, value);
  const naming = useNaming(field, text, people, change);

  const attach = (files: readonly File[]) => {
    if (!mayAttach || files.length === 0) return;
    app.uploads.choose(key, files);
    if (!isTouch()) field.current?.focus();
  };
  const onPick = (event: ChangeEvent<HTMLInputElement>) => {
    attach([...(event.target.files ?? [])]);
    // The same file may be chosen again.
    event.target.value = '';
  };
  const onPaste = (event: ClipboardEvent) => {
    const files = [...event.clipboardData.files];
    // What is copied from a page may come as text and as a picture of it.
    if (files.length === 0 || event.clipboardData.types.includes('text/plain')) return;
    event.preventDefault();
    attach(files);
  };
  const send = () => {
    if (!maySend) return;
    change('');
    if (sent !== '') void app.writing.send(key, sent);
    if (hasChosen) void app.uploads.start(key);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (naming.onKeyDown(event)) return;
    if (event.key === 'Escape' && answered !== undefined) {
      event.stopPropagation();
      app.writing.answer(key, undefined);
      return;
    }
    // Enter that ends the composition of a word, as in Chinese, is not Enter that sends.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    // The keyboards on the screens of phones have no Shift+Enter: there Enter is a line, and the button sends.
    if (isTouch() && !event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    send();
  };
  const label = (personIdOf(key) === undefined ? texts.placeholder : texts.placeholderTo)(names.conversation(key));

  return (
    <footer className="composer" ref={bar}>
      <Typing conversationKey={key} />
      {answered !== undefined && <Answering conversationKey={key} messageId={answered} />}
      {naming.list}
      {hasFiles && (
        <Suspense fallback={null}>
          <Uploads conversationKey={key} />
        </Suspense>
      )}
      <div className="composer-row">
        <textarea
          ref={field}
          className="field composer-field"
          dir="auto"
          aria-label={label}
          placeholder={isMuted ? texts.muted : label}
          readOnly={isMuted}
          {...naming.field}
          aria-describedby={noteId}
          aria-invalid={isTooLong}
          rows={1}
          value={text}
          onChange={(event) => {
            change(event.target.value);
            if (event.target.value !== '') app.writing.typing(key);
          }}
          onKeyDown={onKeyDown}
          onSelect={naming.onSelect}
          onPaste={onPaste}
        />
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-hidden="true"
          onChange={onPick}
        />
        {isTouch() && (
          <>
            <input ref={camera} type="file" accept="image/*" capture="environment" hidden aria-hidden="true" onChange={onPick} />
            <IconButton
              icon="camera"
              label={texts.takePicture}
              aria-disabled={!mayAttach}
              aria-describedby={noteId}
              onClick={() => mayAttach && camera.current?.click()}
            />
          </>
        )}
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
        <Remaining count={remaining} />
      </div>
    </footer>
  );
}

/** What the message being written answers, and the way back from that. */
function Answering({ conversationKey: key, messageId }: { conversationKey: ConversationKey; messageId: bigint }) {
  const { conversation: texts, common } = useTexts();
  return (
    <div className="answering" role="group" aria-label={texts.answering}>
      <Quote conversationKey={key} messageId={messageId} tabIndex={0} />
      <IconButton icon="close" size={16} label={common.cancel} onClick={() => app.writing.answer(key, undefined)} />
    </div>
  );
}

function Typing({ conversationKey: key }: { conversationKey: ConversationKey }) {
  const { conversation: texts } = useTexts();
  const names = useNames();
  const typing = useApp((state) => state.typing.get(key));
  return (
    <p className="typing" role="status">
      {typing && typing.size > 0 && (
        <>
          <span className="typing-dots" aria-hidden="true">
            <i />
            <i />
            <i />
          </span>
          {texts.typing([...typing.keys()].map((id) => names.in(key, id)))}
        </>
      )}
    </p>
  );
}
