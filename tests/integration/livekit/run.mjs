// LiveKit's own clients, unchanged, against the server: run with TURMS_BINARY set to another build than release.
import './quiet.mjs';
import { dispose } from '@livekit/rtc-node';
import { Runner } from '../../e2e/lib/runner.mjs';
import * as data from './data_sdk.mjs';
import * as browser from './browser_sdk.mjs';
import * as firefox from './firefox_sdk.mjs';
import * as node from './node_sdk.mjs';
import * as protocol from './protocol.mjs';
import { leaveAll, serverLog, start, stop } from './world.mjs';

const suites = { protocol, node, data, browser, firefox };
const only = process.argv.slice(2);
const runner = new Runner(async () => {
  console.log(serverLog().join('\n'));
  await leaveAll().catch(() => {});
});
const filter = process.env.TURMS_TEST ?? '';
const test = (name, body) => (name.includes(filter) ? runner.test(name, body) : undefined);

await start();
for (const [name, suite] of Object.entries(suites)) {
  if (only.length === 0 || only.includes(name)) await suite.run(test);
}
await runner.test('the server ends in order', stop);
await dispose();
process.exit(runner.finish());
