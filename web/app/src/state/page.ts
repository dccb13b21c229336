import { TurmsClient } from 'turms-client';
import { browserLanguage, languages } from '../i18n';
import { App } from './app';
import { type Notice, noticeWords } from './notices';
import { preferences } from './preferences';
import { navigate } from './route';
import { cameBack } from './singleSignOn';
import { appStore } from './store';

const { protocol, host } = window.location;
const webSocketOrigin = `${protocol === 'https:' ? 'wss' : 'ws'}://${host}`;

/** Tells by the system's notifications what happens while the page is hidden, when the user wants it. */
function showNotice(notice: Notice): void {
  const { notifications, language } = preferences();
  if (!notifications || !document.hidden || !('Notification' in window) || Notification.permission !== 'granted') return;
  const { title, body } = noticeWords(notice, appStore.getState(), languages[language ?? browserLanguage()]);
  try {
    // A later one of the same group takes the place of the former, rather than piling up.
    const shown = new Notification(title, { body, tag: `turms.${notice.kind}.${notice.groupId}` });
    shown.onclick = () => {
      window.focus();
      navigate({ groupId: notice.groupId, view: 'conversation' });
      shown.close();
    };
  } catch {
    // Browsers of phones show them from service workers only.
  }
}

/** The app of this page: messages and media from the origin that served it. */
export const app = new App({
  client: new TurmsClient({ url: `${webSocketOrigin}/turms` }),
  store: appStore,
  mediaUrl: webSocketOrigin,
  notify: showNotice,
  // Typed as present always, which it is on secure pages only.
  locks: navigator.locks as LockManager | undefined,
  cameBack,
  showMeeting: (groupId) => navigate({ groupId, view: 'meeting' }),
  showStart: () => navigate({ view: 'conversation' }, { replace: true }),
});
