import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { watchVideo } from '../lib/browser.mjs';
import { clientOf } from '../lib/client.mjs';
import { whoseBackground } from '../lib/faces.mjs';
import { eventually } from '../lib/runner.mjs';
import { start, startTurms } from '../lib/server.mjs';

const examples = join(dirname(fileURLToPath(import.meta.url)), '../../../docs/guide/examples');
const identity = 'turms.gateway.session.identity-access-management';
const secret = 'a secret of this test that is long enough';
const people = { 1: { name: 'Ann', password: 'ann-secret', id: 1001n }, 2: { name: 'Ben', password: 'ben-secret', id: 1002n } };

/** The examples of docs/guide as they stand there: web apps of others, at origins of their own. */
export async function guide({ test, browsers }) {
  const directory = await mkdtemp(join(tmpdir(), 'turms-guide-'));
  const running = [];
  try {
    await inAWebApp({ test, browsers, directory, running });
  } finally {
    for (const one of running.reverse()) await one.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

/** jwt/: an app with users of its own. */
async function inAWebApp({ test, browsers, directory, running }) {
  if (!existsSync(join(examples, 'node_modules'))) {
    const { status, stderr } = spawnSync('npm', ['ci', '--loglevel=error'], { cwd: examples, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  }
  const secretFile = join(directory, 'jwt-secret');
  await writeFile(secretFile, `${secret}\n`);
  const turms = await startTurms({
    settings: {
      [`${identity}.type`]: 'JWT',
      [`${identity}.jwt.algorithm.hmac256.file-path`]: secretFile,
      [`${identity}.jwt.verification.issuer`]: 'https://shop.example.com',
      [`${identity}.jwt.verification.audience`]: 'turms',
    },
  });
  running.push(turms);
  const answer = await fetch(`${turms.adminUrl}/admins/tokens`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa('turms:turms')}`, 'content-type': 'application/json' },
    body: '{"name":"shop"}',
  });
  const { token } = (await answer.json()).data;
  const variables = [`TURMS_URL=${turms.origin}`, `TURMS_ADMIN_URL=${turms.adminUrl}`, `TURMS_ADMIN_TOKEN=${token}`, `JWT_SECRET_FILE=${secretFile}`];
  const serve = (port) =>
    start('the example', 'env', [...variables, `PORT=${port}`, 'node', join(examples, 'jwt/server.mjs')], (line) => line.startsWith('http') && line);
  const app = await serve(0);
  running.push(app);

  const open = async (user) => {
    const page = await browsers.page(user, app.answer);
    await page.getByPlaceholder('Name').fill(people[user].name);
    await page.getByPlaceholder('Password').fill(people[user].password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('online', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Meet' }).waitFor();
    return page;
  };
  let ann;
  let ben;
  const sees = (page, user) =>
    eventually(async () => {
      for (const video of await page.locator('video').all()) {
        if (whoseBackground((await watchVideo(video)).colour) === `${user}`) return true;
      }
      return false;
    }, `pictures of ${people[user].name}`);

  await test('two users of the app write to each other', async () => {
    [ann, ben] = await Promise.all([open(1), open(2)]);
    await ann.getByPlaceholder('Message').fill('Hello Ben');
    await ann.getByPlaceholder('Message').press('Enter');
    await ben.getByRole('listitem').filter({ hasText: 'Ann: Hello Ben' }).waitFor();
    await ann.getByRole('listitem').filter({ hasText: 'Ann: Hello Ben' }).waitFor();
    await ben.reload();
    await ben.getByRole('listitem').filter({ hasText: 'Ann: Hello Ben' }).waitFor();
  });

  await test('one calls, the other sees that and comes, and they see each other', async () => {
    await ann.getByRole('button', { name: 'Meet' }).click();
    await ben.getByText('Ringing').waitFor();
    await ben.getByRole('button', { name: /^Join/ }).click();
    await sees(ann, 2);
    await sees(ben, 1);
  });

  const host = await clientOf(turms, people[1].id, await tokenOf(people[1].id));
  const meetingOf = async () => (await host.meetings.liveInGroup((await host.groups.joined())[0].id))[0];
  const control = async () => host.meetings.control((await meetingOf()).id);
  const state = (page) => page.locator('#meeting');
  const rejoin = (page) => page.getByRole('button', { name: /^Join/ }).click();

  await test('both are recorded', async () => {
    const { stdout } = await promisify(execFile)('node', [join(examples, 'recording/record.mjs'), `${(await meetingOf()).id}`, '3'], {
      env: { ...process.env, LIVEKIT_URL: turms.origin, LIVEKIT_API_KEY: 'devkey', LIVEKIT_API_SECRET: 'secret' },
    });
    const files = stdout.trim().split('\n').map((line) => line.split(' '));
    assert.deepEqual(files.map(([path]) => basename(path).split('.')[0]).sort(), ['1001', '1002']);
    for (const [path, size] of files) assert.equal((await stat(path)).size, Number(size), path);
    assert.ok(files.every(([, size]) => Number(size) > 10_000), stdout);
  });

  await test('who is removed is told so, and waits in the lobby until let in', async () => {
    await (await control()).remove([people[2].id]);
    await state(ben).getByText('You were removed from the meeting').waitFor();
    await (await control()).lobby();
    await rejoin(ben);
    await state(ben).getByText('Waiting to be let in').waitFor();
    await (await control()).admit();
    await sees(ben, 1);
  });

  await test('who is moved into a breakout room and called back goes along', async () => {
    const meeting = await control();
    await meeting.makeBreakouts(['One']);
    await meeting.assign([people[1].id, people[2].id], 1);
    await meeting.openBreakouts();
    await eventually(async () => (await meetingOf()).life.breakoutsOpen && (await meetingOf()).participants.length === 2, 'both in the room');
    await sees(ben, 1);
    await meeting.openBreakouts(false);
    await eventually(async () => (await meetingOf()).participants.length === 2, 'both back');
    await sees(ann, 2);
  });

  await test('who is denied or held out is told so', async () => {
    const meeting = await control();
    await meeting.remove([people[2].id]);
    await state(ben).getByText('You were removed from the meeting').waitFor();
    await rejoin(ben);
    await state(ben).getByText('Waiting to be let in').waitFor();
    await meeting.deny();
    await state(ben).getByText('You were not let in').waitFor();
    await meeting.holdOut([people[2].id]);
    await rejoin(ben);
    await state(ben).getByText('You may not come into this meeting').waitFor();
    await meeting.holdOut([people[2].id], false);
  });

  await test('the end is the end for all', async () => {
    await (await control()).lobby(false);
    await rejoin(ben);
    await sees(ben, 1);
    await (await control()).endForAll();
    await Promise.all([ann, ben].map((page) => state(page).getByText('The meeting is over').waitFor()));
    await Promise.all([ann, ben].map((page) => page.getByRole('button', { name: 'Meet' }).waitFor()));
    assert.equal(await ann.locator('video').count(), 0);
  });

  await test('a session comes back with a new token after the server was away', async () => {
    await turms.crash();
    await ann.locator('#state').getByText('online', { exact: true }).waitFor();
    await ann.getByPlaceholder('Message').fill('Again');
    await ann.getByPlaceholder('Message').press('Enter');
    await ben.getByRole('listitem').filter({ hasText: 'Ann: Again' }).waitFor();
  });
  host.signOut();
}

async function tokenOf(userId) {
  const { turmsToken } = await import(join(examples, 'jwt/token.mjs'));
  return turmsToken(userId, secret);
}
