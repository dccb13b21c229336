import { type KeyboardEvent, memo, useId, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { parseAttachment } from 'turms-client';
import { Avatar } from '../components/Avatar';
import { Button } from '../components/Button';
import { Dialog } from '../components/Dialog';
import { isTouch } from '../components/focus';
import { Icon } from '../components/Icon';
import { Menu } from '../components/Menu';
import { describeError } from '../i18n/describe';
import { type Texts, useTexts } from '../i18n';
import { useNames } from '../state/names';
import { app } from '../state/page';
import type { Entry } from '../state/timeline';
import { Remaining } from './Composer';
import { remainingLength } from './length';
import { AttachmentView } from './AttachmentView';
import { linkify } from './linkify';
import { MeetingNotice } from './MeetingNotice';
import { type TimeText, useTimeText } from './time';

interface MessageProps {
  groupId: bigint;
  entry: Entry;
  /** Shown under the same name as the one before. */
  isContinued: boolean;
  me: bigint;
  /** The row of the list at which the keyboard stops; what is in the other rows is passed by. */
  isStop: boolean;
}

export const Message = memo(function Message(props: MessageProps) {
  return props.entry.system ? <Notice {...props} /> : <TextMessage {...props} />;
});

/** What makes an entry a row of the list, by its key. */
function rowProps({ entry, isStop }: MessageProps) {
  return { 'data-row': entry.key, tabIndex: isStop ? 0 : -1 };
}

function Notice(props: MessageProps) {
  const { groupId, entry, me, isStop } = props;
  const { conversation: texts } = useTexts();
  const names = useNames();
  if (entry.system?.kind === 'meeting') {
    return (
      <div className="notice-row" {...rowProps(props)}>
        <MeetingNotice meeting={entry.system.meeting} me={me} tabIndex={isStop ? 0 : -1} />
      </div>
    );
  }
  const isRecall = entry.system?.kind === 'recalled';
  return (
    <p className="notice" {...rowProps(props)}>
      {isRecall
        ? entry.senderId > 0n
          ? texts.recalled(names.member(groupId, entry.senderId))
          : texts.recalledUnknown
        : entry.text || texts.systemMessage}
    </p>
  );
}

/** As much of a text as a name needs to tell it from others. */
function shortened(text: string): string {
  const characters = [...text.replace(/\s+/g, ' ')];
  return characters.length > 60 ? `${characters.slice(0, 59).join('')}…` : characters.join('');
}

function TextMessage(props: MessageProps) {
  const { groupId, entry, isContinued, me, isStop } = props;
  const texts = useTexts();
  const names = useNames();
  const time = useTimeText();
  const [isEditing, setIsEditing] = useState(false);
  const [isAsking, setIsAsking] = useState(false);
  const row = useRef<HTMLElement>(null);
  const wasEditing = useRef(false);
  const isMine = entry.senderId === me;
  const { id } = entry;
  const tabIndex = isStop ? 0 : -1;
  const name = names.member(groupId, entry.senderId);
  const attachment = useMemo(() => parseAttachment(entry.text), [entry.text]);
  const said = attachment?.name ?? entry.text;

  useLayoutEffect(() => {
    // The editor had the focus.
    if (wasEditing.current && !isEditing) row.current?.focus();
    wasEditing.current = isEditing;
  }, [isEditing]);

  return (
    <article
      ref={row}
      className={`message ${isContinued ? 'is-continued' : ''} is-${entry.status}`}
      data-mine={isMine}
      aria-label={rowLabel({ ...entry, text: said }, name, time, texts)}
      {...rowProps(props)}
    >
      <div className="message-side">
        {isContinued ? (
          <time dateTime={new Date(entry.sentAt).toISOString()}>{time.bareClock(entry.sentAt)}</time>
        ) : (
          <Avatar id={entry.senderId} name={name} size={36} />
        )}
      </div>
      <div className="message-body">
        {isContinued ? (
          <span className="visually-hidden">{name}</span>
        ) : (
          <header>
            <strong>{name}</strong>
            <time dateTime={new Date(entry.sentAt).toISOString()} title={time.full(entry.sentAt)}>
              {time.clock(entry.sentAt)}
            </time>
          </header>
        )}
        {isEditing && id !== undefined ? (
          <Editor groupId={groupId} id={id} text={entry.text} onDone={() => setIsEditing(false)} />
        ) : (
          <p className="message-text">
            {attachment ? <AttachmentView attachment={attachment} tabIndex={tabIndex} /> : linkify(entry.text, tabIndex)}
            {entry.editedAt !== undefined && <small className="message-edited">{texts.conversation.edited}</small>}
            {entry.status === 'sending' && (
              <span className="message-state" role="img" aria-label={texts.conversation.sending}>
                <Icon name="clock" size={13} />
              </span>
            )}
          </p>
        )}
        {entry.status === 'waiting' && <Waiting groupId={groupId} entry={entry} tabIndex={tabIndex} />}
        {(entry.status === 'failed' || entry.status === 'uncertain') && <Unsent groupId={groupId} entry={entry} tabIndex={tabIndex} />}
      </div>
      {isMine && id !== undefined && !isEditing && (
        <div className="message-actions">
          <Menu
            label={`${texts.conversation.actions}: ${shortened(said)}`}
            tabIndex={tabIndex}
            sections={[
              {
                key: 'actions',
                items: [
                  ...(attachment ? [] : [{ key: 'edit', label: texts.conversation.edit, onSelect: () => setIsEditing(true) }]),
                  {
                    key: 'recall',
                    label: texts.conversation.recall,
                    danger: true,
                    onSelect: () => setIsAsking(true),
                  },
                ],
              },
            ]}
          >
            <Icon name="more" size={18} />
          </Menu>
        </div>
      )}
      {isAsking && id !== undefined && (
        <Dialog
          title={texts.conversation.confirmRecall}
          confirm={texts.conversation.recall}
          danger
          onConfirm={() => {
            setIsAsking(false);
            void app.conversations.recall(groupId, id);
          }}
          onClose={() => setIsAsking(false)}
        >
          <blockquote className="dialog-quote">{said}</blockquote>
        </Dialog>
      )}
    </article>
  );
}

/** What a screen reader says of a row: who wrote it, when, what, and whether it is sent. */
function rowLabel({ status, sentAt, text }: Entry, name: string, { clock }: TimeText, { conversation }: Texts): string {
  const label = conversation.messageBy(name, clock(sentAt), text);
  return status === 'sent' ? label : conversation.inState(label, conversation[status]);
}

interface UnsentProps {
  groupId: bigint;
  entry: Entry;
  tabIndex: number;
}

/** It is sent by itself as soon as it can be. */
function Waiting({ groupId, entry, tabIndex }: UnsentProps) {
  const { conversation: texts } = useTexts();
  return (
    <p className="message-unsent is-waiting">
      <Icon name="clock" size={15} />
      <span>{texts.waiting}</span>
      <Button tone="quiet" tabIndex={tabIndex} onClick={() => app.conversations.discard(groupId, entry.key)}>
        {texts.discard}
      </Button>
    </p>
  );
}

function Unsent({ groupId, entry, tabIndex }: UnsentProps) {
  const texts = useTexts();
  const why = entry.status === 'failed' ? texts.conversation.failed : texts.conversation.uncertain;
  return (
    <p className="message-unsent" role="alert">
      <Icon name="alert" size={15} />
      <span>
        {why} {entry.error !== undefined && describeError(entry.error, texts)}
      </span>
      <Button tone="quiet" tabIndex={tabIndex} onClick={() => void app.conversations.resend(groupId, entry.key)}>
        {texts.conversation.resend}
      </Button>
      <Button tone="quiet" tabIndex={tabIndex} onClick={() => app.conversations.discard(groupId, entry.key)}>
        {texts.conversation.discard}
      </Button>
    </p>
  );
}

interface EditorProps {
  groupId: bigint;
  id: bigint;
  text: string;
  onDone: () => void;
}

function Editor({ groupId, id, text, onDone }: EditorProps) {
  const texts = useTexts();
  const [draft, setDraft] = useState(text);
  const [isEmpty, setIsEmpty] = useState(false);
  const noteId = useId();
  const remaining = remainingLength(draft);
  const isTooLong = remaining !== undefined && remaining < 0;
  const save = async () => {
    const trimmed = draft.trim();
    setIsEmpty(trimmed === '');
    if (trimmed === '' || isTooLong) return;
    if (trimmed === text) onDone();
    else if (await app.conversations.edit(groupId, id, trimmed)) onDone();
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
    <div className="message-editor">
      <textarea
        className="field"
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
