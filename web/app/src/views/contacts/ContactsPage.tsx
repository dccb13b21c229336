import { type ReactNode, useEffect, useState } from 'react';
import type { Profile } from 'turms-client';
import { Avatar } from '../../components/Avatar';
import { Button, IconButton } from '../../components/Button';
import { Dialog } from '../../components/Dialog';
import { Icon } from '../../components/Icon';
import { Menu } from '../../components/Menu';
import { describeError } from '../../i18n/describe';
import { useTexts } from '../../i18n';
import { personKey } from '../../state/conversationKey';
import { useNames } from '../../state/names';
import { app } from '../../state/page';
import { navigate } from '../../state/route';
import { useApp } from '../../state/store';
import { cutTo } from '../graphemes';
import { PeopleField } from '../PeopleField';
import { Part } from '../settings/Part';
import { SidePage } from '../SidePage';
import { useContactsTexts } from './texts';

/** Longer ones are refused. */
const maxContentLength = 200;

/** Friends, requests to become one, and who is blocked. */
export default function ContactsPage() {
  const { people } = useTexts();
  const texts = useContactsTexts();
  const contacts = useApp((state) => state.contacts);
  const [isAdding, setIsAdding] = useState(false);
  useEffect(() => void app.contacts.refresh(), []);
  return (
    <SidePage title={people.contacts}>
      <div className="settings-part">
        <div>
          <Button tone="primary" icon="plus" onClick={() => setIsAdding(true)}>
            {texts.add}
          </Button>
        </div>
      </div>
      {contacts && contacts.received.length > 0 && (
        <Part title={texts.requests}>
          <ul>
            {contacts.received.map(({ id, requesterId, content }) => (
              <Received key={`${id}`} id={id} requesterId={requesterId} content={content} />
            ))}
          </ul>
        </Part>
      )}
      {contacts && contacts.sent.length > 0 && (
        <Part title={texts.sent}>
          <ul>
            {contacts.sent.map(({ id, recipientId, content }) => (
              <Person key={`${id}`} id={recipientId} note={content} />
            ))}
          </ul>
        </Part>
      )}
      {contacts && (
        <Part title={texts.friends}>
          {contacts.friends.length === 0 ? (
            <p>{texts.empty}</p>
          ) : (
            <ul>
              {contacts.friends.map((id) => (
                <Friend key={`${id}`} id={id} />
              ))}
            </ul>
          )}
        </Part>
      )}
      {contacts && contacts.blocked.length > 0 && (
        <Part title={texts.blocked}>
          <ul>
            {contacts.blocked.map((id) => (
              <Blocked key={`${id}`} id={id} />
            ))}
          </ul>
        </Part>
      )}
      {isAdding && <AddFriends onClose={() => setIsAdding(false)} />}
    </SidePage>
  );
}

function Person({ id, note = '', children }: { id: bigint; note?: string; children?: ReactNode }) {
  const names = useNames();
  return (
    <li className="contact">
      <Avatar id={id} name={names.user(id)} size={36} />
      <span className="contact-text">
        <bdi>{names.user(id)}</bdi>
        {note !== '' && <small dir="auto">{note}</small>}
      </span>
      {children}
    </li>
  );
}

function Received({ id, requesterId, content }: { id: bigint; requesterId: bigint; content: string }) {
  const texts = useContactsTexts();
  const names = useNames();
  const name = names.user(requesterId);
  return (
    <Person id={requesterId} note={content}>
      <IconButton icon="check" tone="primary" label={texts.accept(name)} onClick={() => void app.contacts.answer(id, true)} />
      <IconButton icon="close" label={texts.decline(name)} onClick={() => void app.contacts.answer(id, false)} />
    </Person>
  );
}

function Friend({ id }: { id: bigint }) {
  const texts = useContactsTexts();
  const names = useNames();
  const [asked, setAsked] = useState<'remove' | 'block'>();
  const name = names.user(id);
  const write = () => {
    const key = personKey(id);
    app.conversations.ensure(key);
    navigate({ key, view: 'conversation' });
  };
  const items = [
    { key: 'remove', label: texts.remove, icon: 'close' as const, onSelect: () => setAsked('remove') },
    { key: 'block', label: texts.block, icon: 'alert' as const, danger: true, onSelect: () => setAsked('block') },
  ];
  return (
    <Person id={id}>
      <IconButton icon="chat" label={texts.write(name)} onClick={write} />
      <Menu label={texts.actions(name)} sections={[{ key: 'actions', items }]}>
        <Icon name="more" size={18} />
      </Menu>
      {asked && (
        <Dialog
          title={asked === 'remove' ? texts.confirmRemove(name) : texts.confirmBlock(name)}
          confirm={asked === 'remove' ? texts.remove : texts.block}
          danger
          onConfirm={() => {
            setAsked(undefined);
            void (asked === 'remove' ? app.contacts.remove(id) : app.contacts.setBlocked(id, true));
          }}
          onClose={() => setAsked(undefined)}
        />
      )}
    </Person>
  );
}

function Blocked({ id }: { id: bigint }) {
  const texts = useContactsTexts();
  const names = useNames();
  return (
    <Person id={id}>
      <Button onClick={() => void app.contacts.setBlocked(id, false)}>{texts.unblock(names.user(id))}</Button>
    </Person>
  );
}

function AddFriends({ onClose }: { onClose: () => void }) {
  const common = useTexts();
  const texts = useContactsTexts();
  const contacts = useApp((state) => state.contacts);
  const [chosen, setChosen] = useState<readonly Profile[]>([]);
  const [content, setContent] = useState('');
  const [error, setError] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);
  const whyNot = (id: bigint) => {
    if (contacts?.friends.includes(id)) return texts.isFriend;
    return contacts?.sent.some(({ recipientId }) => recipientId === id) ? texts.isAsked : undefined;
  };
  const send = async () => {
    if (chosen.length === 0) {
      setError(texts.missing);
      return;
    }
    setIsBusy(true);
    try {
      await app.contacts.request(chosen, content.trim());
      onClose();
    } catch (failure) {
      setError(describeError(failure, common));
      setIsBusy(false);
    }
  };
  return (
    <Dialog
      title={texts.add}
      confirm={texts.send}
      busy={isBusy}
      {...(error !== undefined && { error })}
      onConfirm={() => void send()}
      onClose={onClose}
    >
      <PeopleField
        label={common.people.name}
        chosen={chosen}
        whyNot={whyNot}
        onChange={(people) => {
          setChosen(people);
          setError(undefined);
        }}
      />
      <label className="dialog-field">
        {texts.message}
        <input className="field" dir="auto" value={content} onChange={(event) => setContent(cutTo(event.target.value, maxContentLength))} />
      </label>
    </Dialog>
  );
}
