import { TurmsClient } from 'turms-client';
import { App } from './app';
import { navigate } from './route';
import { appStore } from './store';

const { protocol, host } = window.location;
const webSocketOrigin = `${protocol === 'https:' ? 'wss' : 'ws'}://${host}`;

/** The app of this page: messages and media from the origin that served it. */
export const app = new App({
  client: new TurmsClient({ url: `${webSocketOrigin}/turms` }),
  store: appStore,
  mediaUrl: webSocketOrigin,
  // Typed as present always, which it is on secure pages only.
  locks: navigator.locks as LockManager | undefined,
  showMeeting: (groupId) => navigate({ groupId, view: 'meeting' }),
  showStart: () => navigate({ view: 'conversation' }, { replace: true }),
});
