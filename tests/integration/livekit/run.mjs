// LiveKit's own clients, unchanged, against the server: run with TURMS_BINARY set to another build than release, or with
// TURMS_LIVEKIT_BINARY set to hold the same cases against LiveKit's own server. With TURMS_WORKERS=2 the members of each
// room are on two media workers, which none of the cases may notice.
//
// A suite exports run(test): `test(name, body)` is a case, named by what a user would lose. What LiveKit's server does not
// do, or does otherwise on purpose, is `test.ours(why, name, body)`.
import './quiet.mjs';
import { dispose } from '@livekit/rtc-node';
import { Runner } from '../../e2e/lib/runner.mjs';
import * as agents from './agents_sdk.mjs';
import * as data from './data_sdk.mjs';
import * as browser from './browser_sdk.mjs';
import * as calls from './calls_sdk.mjs';
import * as codecs from './codec_sdk.mjs';
import * as egress from './egress_sdk.mjs';
import * as firefox from './firefox_sdk.mjs';
import * as firewall from './firewall_sdk.mjs';
import * as moves from './moves_sdk.mjs';
import * as node from './node_sdk.mjs';
import * as protocol from './protocol.mjs';
import * as python from './python_sdk.mjs';
import * as whip from './whip_sdk.mjs';
import * as wishes from './wishes_sdk.mjs';
import * as workers from './workers_sdk.mjs';
import { leaveAll, serverLog, start, stop, underTest } from './world.mjs';

const suites = { protocol, node, data, python, agents, browser, calls, moves, codecs, firefox, firewall, whip, wishes, workers, egress };
const only = process.argv.slice(2);
const runner = new Runner(async () => {
  console.log(serverLog().join('\n'));
  await leaveAll().catch(() => {});
});
const filter = process.env.TURMS_TEST ?? '';
const test = (name, body) => (name.includes(filter) ? runner.test(name, body) : undefined);
test.ours = (why, name, body) => {
  if (underTest === 'turms') return test(name, body);
  if (name.includes(filter)) runner.skip(name, `ours alone: ${why}`);
};

await start();
for (const [name, suite] of Object.entries(suites)) {
  if (only.length === 0 || only.includes(name)) await suite.run(test);
}
await runner.test('the server ends in order', stop);
await dispose();
process.exit(runner.finish());
