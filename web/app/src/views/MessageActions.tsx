import { useState } from 'react';
import { GroupMemberRole } from 'turms-client';
import { Dialog } from '../components/Dialog';
import { Icon } from '../components/Icon';
import { Menu, type MenuItem } from '../components/Menu';
import { useTexts } from '../i18n';
import { type ConversationKey, groupIdOf } from '../state/conversationKey';
import { app } from '../state/page';
import { useApp } from '../state/store';
import type { Entry } from '../state/timeline';
import { ForwardDialog } from './ForwardDialog';
import { commonReactions, emojiOf } from './Reactions';

interface MessageActionsProps {
  conversationKey: ConversationKey;
  id: bigint;
  entry: Entry;
  said: string;
  me: bigint;
  isAttachment: boolean;
  tabIndex: number;
  onEdit: () => void;
}

/** As much of a text as a name needs to tell it from others. */
function shortened(text: string): string {
  const characters = [...text.replace(/\s+/g, ' ')];
  return characters.length > 60 ? `${characters.slice(0, 59).join('')}…` : characters.join('');
}

/** What can be done with a message that the server has. */
export function MessageActions({ conversationKey: key, id, entry, said, me, isAttachment, tabIndex, onEdit }: MessageActionsProps) {
  const texts = useTexts();
  const { conversation } = texts;
  const [asked, setAsked] = useState<'recall' | 'forward'>();
  const isMine = entry.senderId === me;
  const mayPin = useMayPin(key);
  const isPinned = useApp((state) => state.pins.get(key)?.some((pinned) => pinned.id === id) ?? false);
  const mine = new Set((entry.reactions ?? []).filter(({ userIds }) => userIds.includes(me)).map(({ type }) => type));
  const about = shortened(said);

  const items: MenuItem[] = [
    { key: 'reply', label: conversation.reply, icon: 'reply', onSelect: () => answer() },
    ...(isMine && !isAttachment ? [{ key: 'edit', label: conversation.edit, onSelect: onEdit }] : []),
    { key: 'copy', label: conversation.copy, onSelect: () => void navigator.clipboard?.writeText(said) },
    { key: 'forward', label: conversation.forward, onSelect: () => setAsked('forward') },
    ...(mayPin
      ? [
          {
            key: 'pin',
            label: isPinned ? conversation.unpinMessage : conversation.pinMessage,
            icon: 'pin' as const,
            onSelect: () => void app.writing.pin(key, id, !isPinned),
          },
        ]
      : []),
    ...(isMine ? [{ key: 'recall', label: conversation.recall, danger: true, onSelect: () => setAsked('recall') }] : []),
  ];
  const answer = () => {
    app.writing.answer(key, id);
    document.querySelector<HTMLElement>('.composer-field')?.focus();
  };

  return (
    <div className="message-actions">
      <Menu
        label={`${conversation.react}: ${about}`}
        tabIndex={tabIndex}
        sections={[
          {
            key: 'reactions',
            isRow: true,
            items: commonReactions.map((type) => ({
              key: `${type}`,
              label: emojiOf(type),
              checked: mine.has(type),
              isAlone: true,
              onSelect: () => void app.writing.react(id, type, !mine.has(type)),
            })),
          },
        ]}
      >
        <Icon name="smile" size={18} />
      </Menu>
      <Menu label={`${conversation.actions}: ${about}`} tabIndex={tabIndex} sections={[{ key: 'actions', items }]}>
        <Icon name="more" size={18} />
      </Menu>
      {asked === 'recall' && (
        <Dialog
          title={conversation.confirmRecall}
          confirm={conversation.recall}
          danger
          onConfirm={() => {
            setAsked(undefined);
            void app.writing.recall(key, id);
          }}
          onClose={() => setAsked(undefined)}
        >
          <blockquote className="dialog-quote" dir="auto">
            {said}
          </blockquote>
        </Dialog>
      )}
      {asked === 'forward' && <ForwardDialog messageId={id} said={said} onClose={() => setAsked(undefined)} />}
    </div>
  );
}

/** Pinning is for the two of a private conversation, and for those who manage a group. */
function useMayPin(key: ConversationKey): boolean {
  const groupId = groupIdOf(key);
  const role = useApp((state) =>
    groupId === undefined ? undefined : state.members.get(groupId)?.find(({ userId }) => userId === state.me)?.role,
  );
  return groupId === undefined || role === GroupMemberRole.OWNER || role === GroupMemberRole.MANAGER;
}
