import type { Texts } from '../i18n';
import { type ConversationKey, groupIdOf } from './conversationKey';
import { spokenText } from './mentions';
import { type AppState, isInMeeting } from './store';

/** Something that somebody who does not look at the page may want to be told. */
export type Notice =
  | { kind: 'message'; key: ConversationKey; senderId: bigint; text: string }
  | { kind: 'call'; groupId: bigint; callerId: bigint };

const maxShownUnread = 99;

const userName = (state: AppState, { common }: Texts, id: bigint) => state.profiles.get(id)?.name || common.member(`${id}`);
const groupName = (state: AppState, { common }: Texts, id: bigint) => state.groups.get(id)?.name || common.group(`${id}`);

export function noticeWords(notice: Notice, state: AppState, texts: Texts): { title: string; body: string } {
  if (notice.kind === 'call') {
    const group = groupName(state, texts, notice.groupId);
    return { title: texts.meeting.ringingBy(userName(state, texts, notice.callerId)), body: texts.meeting.ringing(group) };
  }
  const sender = userName(state, texts, notice.senderId);
  const text = spokenText(notice.text, (id) => userName(state, texts, id));
  const groupId = groupIdOf(notice.key);
  if (groupId === undefined) return { title: sender, body: text };
  return { title: groupName(state, texts, groupId), body: texts.sidebar.preview(sender, text) };
}

/** How many messages are not read, but for conversations that are not to disturb. */
export function unreadCount({ conversations }: Pick<AppState, 'conversations'>): number {
  let unread = 0;
  for (const conversation of conversations.values()) if (!conversation.muted) unread += conversation.unread;
  return unread;
}

/** Shows the count on the icon of the installed app, where the system does that. */
export function showBadge(count: number, { navigator }: { navigator: Pick<Partial<Navigator>, 'setAppBadge' | 'clearAppBadge'> }): void {
  // It is refused where the page is not installed, which concerns nobody.
  void (count > 0 ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.())?.catch(() => {});
}

/** What the tab is called: who calls, or else how much is unread and in which meeting the page is. */
export function pageTitle(state: AppState, texts: Texts): string {
  const call = state.meetings.get(state.ringing[0] ?? 0n);
  if (call?.groupId !== undefined) return `📞 ${texts.meeting.ringing(groupName(state, texts, call.groupId))}`;
  const unread = unreadCount(state);
  const count = unread === 0 ? '' : unread > maxShownUnread ? `(${maxShownUnread}+) ` : `(${unread}) `;
  const { current } = state;
  const meeting = isInMeeting(current) ? `🔴 ${texts.meeting.ringing(groupName(state, texts, current.groupId))} · ` : '';
  return `${count}${meeting}${texts.appName}`;
}
