// Between a page and its media server: for what a server says only when the network is bad.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = join(dirname(fileURLToPath(import.meta.url)), '../../../web');
const { ConnectionQuality, SignalResponse } = createRequire(join(web, 'package.json'))('@livekit/protocol');

/** Passes on what the media server says to the page, from the next time that the page is loaded. */
export async function overhear(page) {
  const sids = new Map();
  let toPage;
  await page.routeWebSocket(/\/rtc/, (socket) => {
    toPage = socket;
    socket.connectToServer().onMessage((data) => {
      for (const { identity, sid } of participantsIn(data)) sids.set(identity, sid);
      socket.send(data);
    });
  });
  return {
    /** Says to the page, as the server would, that the connection of the user is weak or is good. */
    sayQuality(user, isWeak) {
      const quality = isWeak ? ConnectionQuality.POOR : ConnectionQuality.EXCELLENT;
      const value = { updates: [{ participantSid: sids.get(`${user}`), quality }] };
      toPage.send(Buffer.from(new SignalResponse({ message: { case: 'connectionQuality', value } }).toBinary()));
    },
  };
}

function participantsIn(data) {
  if (typeof data === 'string') return [];
  const { message } = SignalResponse.fromBinary(data);
  if (message.case === 'join') return message.value.otherParticipants;
  return message.case === 'update' ? message.value.participants : [];
}
