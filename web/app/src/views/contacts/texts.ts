import { useContext } from 'react';
import { LocaleContext } from '../../i18n';
import type { Language } from '../../state/storage';

/** Loaded with the page of contacts only. */
const en = {
  requests: 'Requests to you',
  sent: 'Waiting for an answer',
  friends: 'Friends',
  blocked: 'Blocked',
  add: 'Add friends',
  message: 'A few words with it',
  send: 'Send request',
  missing: 'Choose somebody first: type a part of their name.',
  isFriend: 'is a friend',
  isAsked: 'is asked already',
  accept: (name: string) => `Accept ${name}`,
  decline: (name: string) => `Decline ${name}`,
  write: (name: string) => `Write to ${name}`,
  actions: (name: string) => `Actions for ${name}`,
  remove: 'Remove from friends',
  confirmRemove: (name: string) => `Remove ${name} from your friends?`,
  block: 'Block',
  confirmBlock: (name: string) => `Block ${name}? They cannot write to you or ask to be a friend any more.`,
  unblock: (name: string) => `Unblock ${name}`,
  empty: 'No friends yet. Add somebody by name: they are asked, and appear here when they accept.',
};

export type ContactsTexts = typeof en;

const zh: ContactsTexts = {
  requests: '收到的请求',
  sent: '等待对方回复',
  friends: '好友',
  blocked: '已屏蔽',
  add: '添加好友',
  message: '附言',
  send: '发送请求',
  missing: '请先选择一个人：输入名字的一部分。',
  isFriend: '已是好友',
  isAsked: '已发送请求',
  accept: (name) => `接受 ${name}`,
  decline: (name) => `拒绝 ${name}`,
  write: (name) => `给 ${name} 发消息`,
  actions: (name) => `对 ${name} 的操作`,
  remove: '删除好友',
  confirmRemove: (name) => `从好友中删除 ${name}？`,
  block: '屏蔽',
  confirmBlock: (name) => `屏蔽 ${name}？对方将无法再给你发消息或请求加为好友。`,
  unblock: (name) => `取消屏蔽 ${name}`,
  empty: '还没有好友。按名字添加：对方接受后会显示在这里。',
};

const both: Record<Language, ContactsTexts> = { en, zh };

export function useContactsTexts(): ContactsTexts {
  return both[useContext(LocaleContext).language];
}
