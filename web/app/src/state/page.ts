import { TurmsClient } from 'turms-client';
import { browserLanguage, languages } from '../i18n';
import { App } from './app';
import { groupKey } from './conversationKey';
import { type Notice, noticeWords } from './notices';
import { preferences } from './preferences';
import { navigate } from './route';
import { cameBack } from './singleSignOn';
import { appStore } from './store';

// The page may live below a path, which whatever it talks to is below, too.
const base = new URL('.', window.location.href);
const webSocketBase = `${base.protocol === 'https:' ? 'wss' : 'ws'}://${base.host}${base.pathname.slice(0, -1)}`;

/** Tells by the system's notifications what happens while the page is hidden, when the user wants it. */
function showNotice(notice: Notice): void {
  const { notifications, language } = preferences();
  if (!notifications || !document.hidden || !('Notification' in window) || Notification.permission !== 'granted') return;
  const key = notice.kind === 'call' ? groupKey(notice.groupId) : notice.key;
  const { title, body } = noticeWords(notice, appStore.getState(), languages[language ?? browserLanguage()]);
  try {
    // A later one of the same conversation takes the place of the former, rather than piling up.
    const shown = new Notification(title, { body, tag: `turms.${notice.kind}.${key}` });
    shown.onclick = () => {
      window.focus();
      navigate({ key, view: 'conversation' });
      shown.close();
    };
  } catch {
    // Browsers of phones show them from service workers only.
  }
}

/** The app of this page: messages and media from where it was served. */
export const app = new App({
  client: new TurmsClient({ url: `${webSocketBase}/turms` }),
  store: appStore,
  mediaUrl: webSocketBase,
  notify: showNotice,
  // Typed as present always, which it is on secure pages only.
  locks: navigator.locks as LockManager | undefined,
  cameBack,
  showMeeting: (groupId) => navigate({ groupId, view: 'meeting' }),
  showStart: () => navigate({ view: 'conversation' }, { replace: true }),
});
