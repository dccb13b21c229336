import assert from 'node:assert/strict';
import { answer, controls, inGroup, seeCamera, startMeeting, tile } from '../lib/actions.mjs';
import { eventually } from '../lib/runner.mjs';

/** "Statistics for nerds": what the browser counts, and what the server decided. */
export async function statistics({ test, server, browsers, picture, note }) {
  const isBuiltIn = !process.env.TURMS_LIVEKIT_BINARY;
  const alice = await inGroup(browsers, server, 1);
  const bob = await inGroup(browsers, server, 2);
  let asked = 0;
  alice.on('request', (request) => {
    if (new URL(request.url()).pathname.endsWith('/rtc/stats')) asked += 1;
  });
  const panel = alice.getByRole('complementary', { name: 'Statistics for nerds' });
  const row = (user, source) => panel.locator(`[data-identity="${user}"][data-source="${source}"]`);
  const figure = (user, source, name) => row(user, source).locator(`[data-figure="${name}"]`).innerText({ timeout: 1000 });
  const videoSize = () =>
    tile(alice, 2)
      .locator('video')
      .evaluate((video) => `${video.videoWidth}×${video.videoHeight}`);
  /** Until browser, panel and server say one size; returns it. */
  const agree = (wanted) =>
    eventually(async () => {
      const size = await videoSize();
      const names = isBuiltIn ? ['size', 'allocated', 'sent'] : ['size'];
      const told = await Promise.all(names.map((name) => figure(2, 'camera', name)));
      return told.every((each) => each === size) && (!wanted || wanted(size)) && size;
    }, 'the picture, the browser’s report and the server say the same size');

  await test('the panel opens from the menu, beside the pictures', async () => {
    await startMeeting(alice);
    await answer(bob);
    await seeCamera(alice, 2);
    assert.equal(asked, 0, 'nothing is asked for while nobody looks');
    await controls(alice).getByRole('button', { name: 'More' }).click();
    await alice.getByRole('menuitemcheckbox', { name: /^Statistics for nerds/ }).click();
    await panel.waitFor();
    await row(2, 'camera').waitFor();
    await row(2, 'microphone').waitFor();
    await row(1, 'camera').waitFor();
  });

  await test('it shows the size of the picture that is there, and the server says the same', async () => {
    note(`the picture has ${await agree()}`);
    await eventually(async () => /[1-9]\d* kbit|Mbit/.test(await figure(2, 'camera', 'rate')), 'a bit rate');
    assert.match(await figure(2, 'camera', 'codec'), /^(VP8|VP9|AV1|H264)$/);
    assert.match(await figure(2, 'camera', 'loss'), /^\d+\.\d %$/);
    assert.match(await figure(2, 'camera', 'freezes'), /^\d+ \(\d+\.\d s\)$/);
    await eventually(async () => (await figure(1, 'camera', 'size')) !== '–', 'the size of what is sent');
  });

  if (isBuiltIn) {
    await test('the estimate and the reason are told', async () => {
      await eventually(
        async () => /^\d+(\.\d)? [kM]bit\/s/.test(await panel.locator('[data-figure="estimate"]').innerText()),
        'an estimate',
      );
      await eventually(
        async () => ['none', 'subscriber'].includes(await row(2, 'camera').getAttribute('data-limit')),
        'nothing but the size of the tile limits the picture',
      );
      await row(2, 'camera').getByText(/asks for no more|best picture/).waitFor();
    });

    await test('a larger tile gets a larger picture, and the panel follows', async () => {
      // Beside a picture that is shown large the others are small.
      await tile(alice, 1).hover();
      await tile(alice, 1).getByRole('button', { name: 'Show large' }).click();
      const small = await agree((size) => parseInt(size, 10) <= 320);
      await tile(alice, 1).getByRole('button', { name: 'Show in the grid' }).click();
      const large = await agree((size) => parseInt(size, 10) > 320);
      note(`from ${small} to ${large}`);
    });

    await test('who runs the server sees the same from the command line', async () => {
      const rooms = (await server.ask('room', 'list')).trim().split('\n');
      assert.equal(rooms.length, 1);
      const [room] = rooms[0].split('\t');
      const size = (await agree()).replace('×', 'x');
      const text = await server.ask('room', 'stats', room, '--identity', '1');
      assert.match(text, new RegExp(`^  camera of 2: ${size}(,| of|:)`, 'm'));
      assert.match(text, /^alice \(1\): path \d/m);
      const { participants } = JSON.parse(await server.ask('room', 'stats', room, '--json'));
      assert.deepEqual(participants.map(({ identity }) => identity).sort(), ['1', '2']);
      await assert.rejects(server.ask('room', 'stats', 'nowhere'), /requested room does not exist/);
    });

    await test('a camera that is turned off is told as muted', async () => {
      await bob.getByRole('button', { name: 'Turn camera off' }).click();
      await eventually(async () => (await row(2, 'camera').getAttribute('data-limit')) === 'muted', 'muted');
      await bob.getByRole('button', { name: 'Turn camera on' }).click();
      await eventually(async () => (await row(2, 'camera').getAttribute('data-limit')) !== 'muted', 'not muted');
    });
  } else {
    await test('of a server that tells nothing, the browser’s half is shown', async () => {
      await panel.getByText('This media server tells nothing of its decisions.').waitFor();
    });
  }

  await test('the chart draws what came in', async () => {
    const line = panel.locator('.chart-received');
    await eventually(async () => ((await line.getAttribute('points')) ?? '').split(' ').length >= 3, 'three moments');
    const label = await panel.getByRole('img').getAttribute('aria-label');
    assert.match(label, /received \d+(\.\d)? [kM]bit\/s/);
    await picture(alice, 'statistics');
    await alice.emulateMedia({ colorScheme: 'dark' });
    await picture(alice, 'statistics-dark');
    await alice.emulateMedia({ colorScheme: 'light' });
    await alice.setViewportSize({ width: 375, height: 720 });
    await picture(alice, 'statistics-narrow');
    await alice.setViewportSize({ width: 1280, height: 800 });
  });

  await test('the shortcut closes and opens it, and Escape closes it', async () => {
    await alice.keyboard.press('Control+i');
    await panel.waitFor({ state: 'detached' });
    const before = asked;
    await alice.keyboard.press('Control+i');
    await panel.waitFor();
    await row(2, 'camera').waitFor();
    if (isBuiltIn) await eventually(() => asked > before, 'the server is asked');
    await alice.keyboard.press('Escape');
    await panel.waitFor({ state: 'detached' });
  });
}
