import { memo, type RefObject, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { parseAttachment } from 'turms-client';
import { Avatar } from '../components/Avatar';
import { Button } from '../components/Button';
import { Icon } from '../components/Icon';
import { describeError } from '../i18n/describe';
import { type Texts, useTexts } from '../i18n';
import type { ConversationKey } from '../state/conversationKey';
import { spokenText } from '../state/mentions';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { showPicture } from '../state/pictures';
import type { Entry } from '../state/timeline';
import { AttachmentView } from './AttachmentView';
import { MeetingNotice } from './MeetingNotice';
import { MessageActions } from './MessageActions';
import { MessageEditor } from './MessageEditor';
import { Quote } from './Quote';
import { Reactions } from './Reactions';
import { RichText } from './RichText';
import { type TimeText, useTimeText } from './time';

interface MessageProps {
  conversationKey: ConversationKey;
  entry: Entry;
  /** Shown under the same name as the one before. */
  isContinued: boolean;
  /** Looked for, and to be noticed. */
  isShown: boolean;
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
  const { conversationKey: key, entry, me, isStop } = props;
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
          ? texts.recalled(names.in(key, entry.senderId))
          : texts.recalledUnknown
        : entry.text || texts.systemMessage}
    </p>
  );
}

function TextMessage(props: MessageProps) {
  const { conversationKey: key, entry, isContinued, isShown, me, isStop } = props;
  const names = useNames();
  const [isEditing, setIsEditing] = useState(false);
  const row = useRef<HTMLElement>(null);
  const { id } = entry;
  const tabIndex = isStop ? 0 : -1;
  const attachment = useMemo(() => parseAttachment(entry.text), [entry.text]);
  const nameOf = (userId: bigint) => names.in(key, userId);
  const name = nameOf(entry.senderId);
  const said = attachment?.name ?? spokenText(entry.text, nameOf);
  useFocusAfter(isEditing, row);

  return (
    <article
      ref={row}
      className={`message ${isContinued ? 'is-continued' : ''} ${isShown ? 'is-shown' : ''} is-${entry.status}`}
      data-mine={entry.senderId === me}
      aria-label={useRowLabel(entry, said, name)}
      {...rowProps(props)}
    >
      <Side entry={entry} isContinued={isContinued} name={name} />
      <div className="message-body">
        <Head entry={entry} isContinued={isContinued} name={name} />
        {entry.replyTo !== undefined && <Quote conversationKey={key} messageId={entry.replyTo} tabIndex={tabIndex} />}
        {isEditing && id !== undefined ? (
          <MessageEditor conversationKey={key} id={id} text={entry.text} onDone={() => setIsEditing(false)} />
        ) : (
          <div className="message-text" dir="auto">
            {attachment ? (
              <AttachmentView attachment={attachment} onShow={() => showPicture(key, attachment.id)} tabIndex={tabIndex} />
            ) : (
              <RichText text={entry.text} nameOf={nameOf} me={me} tabIndex={tabIndex} />
            )}
            <State entry={entry} />
          </div>
        )}
        {id !== undefined && entry.reactions && (
          <Reactions conversationKey={key} messageId={id} reactions={entry.reactions} me={me} tabIndex={tabIndex} />
        )}
        {entry.status === 'waiting' && <Waiting conversationKey={key} entry={entry} tabIndex={tabIndex} />}
        {(entry.status === 'failed' || entry.status === 'uncertain') && (
          <Unsent conversationKey={key} entry={entry} tabIndex={tabIndex} />
        )}
      </div>
      {id !== undefined && !isEditing && (
        <MessageActions
          conversationKey={key}
          id={id}
          entry={entry}
          said={said}
          me={me}
          isAttachment={attachment !== undefined}
          tabIndex={tabIndex}
          onEdit={() => setIsEditing(true)}
        />
      )}
    </article>
  );
}

/** The editor had the focus: it goes back to the row. */
function useFocusAfter(isEditing: boolean, row: RefObject<HTMLElement | null>): void {
  const wasEditing = useRef(false);
  useLayoutEffect(() => {
    if (wasEditing.current && !isEditing) row.current?.focus();
    wasEditing.current = isEditing;
  }, [isEditing, row]);
}

interface PartProps {
  entry: Entry;
  isContinued: boolean;
  name: string;
}

function Side({ entry, isContinued, name }: PartProps) {
  const time = useTimeText();
  return (
    <div className="message-side">
      {isContinued ? (
        <time dateTime={new Date(entry.sentAt).toISOString()}>{time.bareClock(entry.sentAt)}</time>
      ) : (
        <Avatar id={entry.senderId} name={name} size={36} />
      )}
    </div>
  );
}

function Head({ entry, isContinued, name }: PartProps) {
  const time = useTimeText();
  if (isContinued) return <span className="visually-hidden">{name}</span>;
  return (
    <header>
      <strong dir="auto">{name}</strong>
      <time dateTime={new Date(entry.sentAt).toISOString()} title={time.full(entry.sentAt)}>
        {time.clock(entry.sentAt)}
      </time>
    </header>
  );
}

function State({ entry }: { entry: Entry }) {
  const { conversation: texts } = useTexts();
  return (
    <>
      {entry.editedAt !== undefined && <small className="message-edited">{texts.edited}</small>}
      {entry.status === 'sending' && (
        <span className="message-state" role="img" aria-label={texts.sending}>
          <Icon name="clock" size={13} />
        </span>
      )}
    </>
  );
}

/** What a screen reader says of a row: who wrote it, when, what, and whether it is sent. */
function useRowLabel(entry: Entry, said: string, name: string): string {
  return rowLabel(entry, said, name, useTimeText(), useTexts());
}

function rowLabel({ status, sentAt }: Entry, said: string, name: string, { clock }: TimeText, { conversation }: Texts): string {
  const label = conversation.messageBy(name, clock(sentAt), said);
  return status === 'sent' ? label : conversation.inState(label, conversation[status]);
}

interface UnsentProps {
  conversationKey: ConversationKey;
  entry: Entry;
  tabIndex: number;
}

/** It is sent by itself as soon as it can be. */
function Waiting({ conversationKey: key, entry, tabIndex }: UnsentProps) {
  const { conversation: texts } = useTexts();
  return (
    <p className="message-unsent is-waiting">
      <Icon name="clock" size={15} />
      <span>{texts.waiting}</span>
      <Button tone="quiet" tabIndex={tabIndex} onClick={() => app.writing.discard(key, entry.key)}>
        {texts.discard}
      </Button>
    </p>
  );
}

function Unsent({ conversationKey: key, entry, tabIndex }: UnsentProps) {
  const texts = useTexts();
  const why = entry.status === 'failed' ? texts.conversation.failed : texts.conversation.uncertain;
  return (
    <p className="message-unsent" role="alert">
      <Icon name="alert" size={15} />
      <span>
        {why} {entry.error !== undefined && describeError(entry.error, texts)}
      </span>
      <Button tone="quiet" tabIndex={tabIndex} onClick={() => void app.writing.resend(key, entry.key)}>
        {texts.conversation.resend}
      </Button>
      <Button tone="quiet" tabIndex={tabIndex} onClick={() => app.writing.discard(key, entry.key)}>
        {texts.conversation.discard}
      </Button>
    </p>
  );
}
