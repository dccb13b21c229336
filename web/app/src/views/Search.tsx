import { type FoundMessage, parseAttachment } from 'turms-client';
import { Avatar } from '../components/Avatar';
import { useTexts } from '../i18n';
import { keyOfMessage } from '../state/conversationKey';
import { useNames } from '../state/names';
import { app } from '../state/page';
import { navigate } from '../state/route';
import { showSpot } from '../state/spot';
import { useApp } from '../state/store';
import { useFound } from './found';
import { useTimeText } from './time';

const askAfterMs = 250;
/** Around the first word that was found. */
const contextLength = 24;

const findMessages = (text: string) => app.conversations.search(text);

/** Messages with the words in them, best first; in the place of the list of conversations. */
export function SearchResults({ query }: { query: string }) {
  const texts = useTexts();
  const { found, error } = useFound(query, findMessages, askAfterMs);
  return (
    <>
      <p className="search-note" role="status">
        {error ?? (found === undefined ? texts.common.loading : texts.search.count(found.length))}
      </p>
      <ul className="groups" aria-label={texts.search.results}>
        {found?.map((each) => <Found key={`${each.message.id}`} found={each} />)}
      </ul>
    </>
  );
}

function Found({ found: { message, highlights } }: { found: FoundMessage }) {
  const texts = useTexts();
  const names = useNames();
  const time = useTimeText();
  const me = useApp((state) => state.me);
  const key = keyOfMessage(message, me);
  if (key === undefined) return null;
  const { sequence, sentAt, senderId } = message;
  const name = names.conversation(key);
  return (
    <li>
      <button
        type="button"
        className="group-row found"
        onClick={() => {
          navigate({ key, view: 'conversation' });
          if (sequence !== undefined) showSpot({ key, sequence });
        }}
      >
        <Avatar id={senderId} name={names.in(key, senderId)} size={32} />
        <span className="group-row-text">
          <span className="group-row-top">
            <bdi className="group-row-name">{texts.search.where(names.in(key, senderId), name)}</bdi>
            <time dateTime={new Date(sentAt).toISOString()}>{time.short(sentAt)}</time>
          </span>
          <span className="found-text" dir="auto">
            <Highlighted text={message.text} highlights={highlights} />
          </span>
        </span>
      </button>
    </li>
  );
}

function Highlighted({ text, highlights }: { text: string; highlights: FoundMessage['highlights'] }) {
  const attachment = parseAttachment(text);
  if (attachment) return attachment.name;
  const first = highlights[0]?.start ?? 0;
  const begin = Math.max(0, first - contextLength);
  const parts = [];
  let end = begin;
  for (const { start, length } of highlights) {
    if (start < end) continue;
    parts.push(text.slice(end, start), <mark key={start}>{text.slice(start, start + length)}</mark>);
    end = start + length;
  }
  return (
    <>
      {begin > 0 && '…'}
      {parts}
      {text.slice(end)}
    </>
  );
}
