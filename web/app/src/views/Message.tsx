import { type KeyboardEvent, memo, useState } from 'react';
import { Avatar } from '../components/Avatar';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { Menu } from '../components/Menu';
import { describeError } from '../i18n/describe';
import { useTexts } from '../i18n';
import { useNames } from '../state/names';
import { app } from '../state/page';
import type { Entry } from '../state/timeline';
import { maxTextLength } from './Composer';
import { linkify } from './linkify';
import { MeetingNotice } from './MeetingNotice';
import { useTimeText } from './time';

interface MessageProps {
  groupId: bigint;
  entry: Entry;
  /** Shown under the same name as the one before. */
  isContinued: boolean;
  me: bigint;
}

export const Message = memo(function Message({ groupId, entry, isContinued, me }: MessageProps) {
  if (entry.system) return <Notice entry={entry} me={me} />;
  return <TextMessage groupId={groupId} entry={entry} isContinued={isContinued} me={me} />;
});

function Notice({ entry, me }: { entry: Entry; me: bigint }) {
  const { conversation: texts } = useTexts();
  const names = useNames();
  if (entry.system?.kind === 'meeting') return <MeetingNotice meeting={entry.system.meeting} me={me} />;
  const isRecall = entry.system?.kind === 'recalled';
  return (
    <p className="notice">
      {isRecall
        ? entry.senderId > 0n
          ? texts.recalled(names.user(entry.senderId))
          : texts.recalledUnknown
        : entry.text || texts.systemMessage}
    </p>
  );
}

function TextMessage({ groupId, entry, isContinued, me }: MessageProps) {
  const texts = useTexts();
  const names = useNames();
  const time = useTimeText();
  const [isEditing, setIsEditing] = useState(false);
  const isMine = entry.senderId === me;
  const { id } = entry;
  return (
    <article className={`message ${isContinued ? 'is-continued' : ''} is-${entry.status}`} data-mine={isMine}>
      <div className="message-side">
        {isContinued ? (
          <time dateTime={new Date(entry.sentAt).toISOString()}>{time.bareClock(entry.sentAt)}</time>
        ) : (
          <Avatar id={entry.senderId} name={names.user(entry.senderId)} size={36} />
        )}
      </div>
      <div className="message-body">
        {!isContinued && (
          <header>
            <strong>{names.user(entry.senderId)}</strong>
            <time dateTime={new Date(entry.sentAt).toISOString()} title={time.full(entry.sentAt)}>
              {time.clock(entry.sentAt)}
            </time>
          </header>
        )}
        {isEditing && id !== undefined ? (
          <Editor groupId={groupId} id={id} text={entry.text} onDone={() => setIsEditing(false)} />
        ) : (
          <p className="message-text">
            {linkify(entry.text)}
            {entry.editedAt !== undefined && <small className="message-edited">{texts.conversation.edited}</small>}
            {entry.status === 'sending' && (
              <span className="message-state" role="img" aria-label={texts.conversation.sending}>
                <Icon name="clock" size={13} />
              </span>
            )}
            {entry.status === 'waiting' && (
              <span className="message-state">
                <Icon name="clock" size={13} /> <small>{texts.conversation.waiting}</small>
              </span>
            )}
          </p>
        )}
        {(entry.status === 'failed' || entry.status === 'uncertain') && <Unsent groupId={groupId} entry={entry} />}
      </div>
      {isMine && id !== undefined && !isEditing && (
        <div className="message-actions">
          <Menu
            label={texts.conversation.actions}
            sections={[
              {
                key: 'actions',
                items: [
                  { key: 'edit', label: texts.conversation.edit, onSelect: () => setIsEditing(true) },
                  {
                    key: 'recall',
                    label: texts.conversation.recall,
                    danger: true,
                    onSelect: () => void app.conversations.recall(groupId, id),
                  },
                ],
              },
            ]}
          >
            <Icon name="more" size={18} />
          </Menu>
        </div>
      )}
    </article>
  );
}

function Unsent({ groupId, entry }: { groupId: bigint; entry: Entry }) {
  const texts = useTexts();
  const why = entry.status === 'failed' ? texts.conversation.failed : texts.conversation.uncertain;
  return (
    <p className="message-unsent" role="alert">
      <Icon name="alert" size={15} />
      <span>
        {why} {describeError(entry.error, texts)}
      </span>
      <Button tone="quiet" onClick={() => void app.conversations.resend(groupId, entry.key)}>
        {texts.conversation.resend}
      </Button>
      <Button tone="quiet" onClick={() => app.conversations.discard(groupId, entry.key)}>
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
  const save = async () => {
    const trimmed = draft.trim();
    if (trimmed === '' || trimmed === text) onDone();
    else if (await app.conversations.edit(groupId, id, trimmed)) onDone();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'Escape') onDone();
    if (event.key === 'Enter' && !event.shiftKey) {
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
        maxLength={maxTextLength}
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={onKeyDown}
        onFocus={(event) => event.target.setSelectionRange(draft.length, draft.length)}
      />
      <div>
        <Button onClick={onDone}>{texts.common.cancel}</Button>
        <Button tone="primary" onClick={() => void save()}>
          {texts.common.save}
        </Button>
      </div>
    </div>
  );
}
