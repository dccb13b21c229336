// The whole through real browsers: node run.mjs [SCENARIO...]
//   TURMS_BINARY          the server under test (default: build/release/turms)
//   TURMS_LIVEKIT_BINARY  a real LiveKit server to hold the meetings in place of the built-in one; without names
//                         only scenarios run to which that makes a difference
//   TURMS_CHROMIUM        the browser (default: /usr/bin/chromium)
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';
import { Browsers } from './lib/browser.mjs';
import { Runner } from './lib/runner.mjs';
import { startTurms } from './lib/server.mjs';
import { attachments } from './scenarios/attachments.mjs';
import { chat } from './scenarios/chat.mjs';
import { contacts } from './scenarios/contacts.mjs';
import { ease } from './scenarios/ease.mjs';
import { effects } from './scenarios/effects.mjs';
import { formatting } from './scenarios/formatting.mjs';
import { guide } from './scenarios/guide.mjs';
import { looks } from './scenarios/looks.mjs';
import { meeting } from './scenarios/meeting.mjs';
import { messaging } from './scenarios/messaging.mjs';
import { recovery } from './scenarios/recovery.mjs';
import { saving } from './scenarios/saving.mjs';
import { settings as settingsPage } from './scenarios/settings.mjs';
import { stage } from './scenarios/stage.mjs';
import { statistics } from './scenarios/statistics.mjs';

const output = join(dirname(fileURLToPath(import.meta.url)), 'output');
const scenarios = { messaging, chat, formatting, contacts, attachments, ease, meeting, stage, effects, saving, statistics, recovery, settings: settingsPage, looks, guide };
const withoutMeetingServer = new Set(['messaging', 'formatting', 'contacts', 'attachments', 'settings', 'looks', 'guide']);
// So rarely reconciled that only webhooks keep the list live; and they are signed with a key that is not the first.
const settings = {
  meeting: {
    'plugins.livekit.reconcile_seconds': 600,
    'livekit.keys': 'another: that-nobody-uses,devkey: secret',
    'livekit.webhook.api_key': 'devkey',
  },
};
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !scenarios[name]);
if (unknown.length > 0) {
  console.error(`unknown scenario: ${unknown.join(', ')}; there are ${Object.keys(scenarios).join(', ')}`);
  process.exit(2);
}

await rm(output, { recursive: true, force: true });
let browsers;
let server;
let scenario = '';
const runner = new Runner(async (name) => {
  const file = `${scenario}-${name}`.replace(/[^a-z0-9]+/gi, '-').slice(0, 80);
  await browsers?.screenshots(output, file);
  console.log(server?.log().join('\n') ?? '');
});

const usual = Object.keys(scenarios).filter((name) => !process.env.TURMS_LIVEKIT_BINARY || !withoutMeetingServer.has(name));
for (const name of wanted.length > 0 ? wanted : usual) {
  scenario = name;
  browsers = new Browsers();
  server = undefined;
  const started = await runner.test(`${name}: the server starts`, async () => {
    server = await startTurms({ livekit: process.env.TURMS_LIVEKIT_BINARY, settings: settings[name] });
  });
  if (started) {
    const test = (what, body) =>
      runner.test(`${name}: ${what}`, () => {
        // Waiting for what a dead server will not do only takes time.
        if (!server.isRunning()) throw new Error('the server is not running any more');
        return body();
      });
    const note = (text) => console.log(`      ${text}`);
    const picture = (page, file) => page.screenshot({ path: join(output, `${file}.png`) });
    try {
      await scenarios[name]({ test, note, picture, server, browsers });
    } catch (error) {
      // What a scenario does outside of its checks is needed by all of them.
      await test('the scenario can begin', () => Promise.reject(error));
    }
    await test('no page broke a rule of its security policy or threw an error', async () => {
      assert.deepEqual(
        browsers.pages.flatMap(({ page }) => page.complaints),
        [],
      );
    });
    await browsers.close();
    await runner.test(`${name}: the server stops cleanly`, () => server.stop());
  } else {
    await browsers.close();
  }
}
process.exit(runner.finish());
