// The client package of web/, for what no page offers: asking again after having been removed.
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const web = join(dirname(fileURLToPath(import.meta.url)), '../../../web');

/** Signs in beside the page of the same user, as another kind of device. */
export async function clientOf(server, userId, password = 'turms', webSocket = undefined) {
  const built = join(web, 'packages/client/dist/index.js');
  if (!existsSync(built)) throw new Error('web/packages/client is not built: run `npm run build` in web/');
  const { DeviceType, TurmsClient } = await import(built);
  const { WebSocket } = createRequire(join(web, 'package.json'))('ws');
  const client = new TurmsClient({ url: server.webSocketUrl, webSocket: webSocket ?? WebSocket, deviceType: DeviceType.OTHERS });
  await client.signIn({ userId, password });
  return client;
}
