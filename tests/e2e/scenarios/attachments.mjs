import assert from 'node:assert/strict';
import { inGroup } from '../lib/actions.mjs';
import { isAccessible } from '../lib/axe.mjs';
import { noisePng } from '../lib/picture.mjs';
import { eventually } from '../lib/runner.mjs';

/** Files and pictures that are sent in a group. */
export async function attachments({ test, server, browsers, picture }) {
  let alice;
  let bob;
  const fieldOf = (page) => page.getByRole('textbox', { name: 'Write to Demo' });
  const link = (page, name) => page.getByRole('log').getByRole('link', { name });
  const choose = (page, file) => page.locator('input[type=file]').first().setInputFiles(file);
  const sendChosen = (page) => page.getByRole('button', { name: 'Send', exact: true }).click();
  /** Width and height of what the browser made of the picture. */
  const decoded = (page, name) =>
    page.waitForFunction((alt) => {
      const image = [...document.images].find((each) => each.alt === alt);
      return image?.complete && image.naturalWidth > 0 ? [image.naturalWidth, image.naturalHeight] : undefined;
    }, name).then((handle) => handle.jsonValue());

  await test('a chosen picture is shown to the others, small', async () => {
    alice = await inGroup(browsers, server, 1);
    bob = await inGroup(browsers, server, 2);
    const file = { name: 'noise.png', mimeType: 'image/png', buffer: noisePng(500, 300) };
    await choose(alice, file);
    await sendChosen(alice);
    assert.deepEqual(await decoded(bob, 'noise.png'), [320, 192]);
    assert.deepEqual(await decoded(alice, 'noise.png'), [320, 192]);
  });

  await test('it is still shown after a reload, and whole where it is opened', async () => {
    await bob.reload();
    await decoded(bob, 'noise.png');
    const whole = await bob.evaluate(async (href) => {
      const answer = await fetch(href);
      const image = await createImageBitmap(await answer.blob());
      return [answer.headers.get('content-type'), image.width, image.height];
    }, await link(bob, 'noise.png').getAttribute('href'));
    assert.deepEqual(whole, ['image/png', 500, 300]);
  });

  await test('a file is sent by its name and size, and saved rather than shown', async () => {
    const file = { name: 'page.html', mimeType: 'text/html', buffer: Buffer.from('<script>document.title = "owned"</script>') };
    await choose(alice, file);
    await sendChosen(alice);
    const download = bob.waitForEvent('download');
    await link(bob, 'page.html 41 B').click();
    assert.equal((await download).suggestedFilename(), 'page.html');
    assert.notEqual(await bob.title(), 'owned');
  });

  await test('a recalled file is gone from the store too', async () => {
    const href = await link(bob, 'noise.png').getAttribute('href');
    const statusOf = () => bob.evaluate(async (url) => (await fetch(url, { cache: 'no-store' })).status, href);
    assert.equal(await statusOf(), 200);
    const row = alice.getByRole('log').getByRole('article').filter({ has: alice.getByRole('link', { name: 'noise.png' }) });
    await row.hover();
    await row.getByRole('button', { name: 'What to do with this message' }).click();
    await alice.getByRole('menuitem', { name: 'Take back' }).click();
    await alice.getByRole('dialog').getByRole('button', { name: 'Take back' }).click();
    await link(bob, 'noise.png').waitFor({ state: 'detached' });
    await bob.waitForFunction(async (url) => (await fetch(url, { cache: 'no-store' })).status === 404, href);
  });

  await test('a picture is pasted, and dropped', async () => {
    for (const [type, name] of [['paste', 'pasted.png'], ['drop', 'dropped.png']]) {
      await fieldOf(alice).evaluate(
        (field, { kind, fileName, bytes }) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], fileName, { type: 'image/png' }));
          const event =
            kind === 'paste'
              ? new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })
              : new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true });
          field.dispatchEvent(event);
        },
        { kind: type, fileName: name, bytes: [...noisePng(20, 20)] },
      );
      await alice.getByRole('listitem').filter({ hasText: name }).waitFor();
      await sendChosen(alice);
      assert.deepEqual(await decoded(bob, name), [20, 20]);
    }
  });

  await test('what is too large is refused in words', async () => {
    const file = { name: 'large.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(1024 * 1024 + 1) };
    await choose(alice, file);
    await sendChosen(alice);
    await alice.getByText('large.bin is too large.').waitFor();
  });

  await test('files are seen before they are sent, and can be left out', async () => {
    await alice.getByRole('button', { name: 'Do not send large.bin' }).click();
    await choose(alice, ['one', 'two', 'three'].map((name, index) => ({ name: `${name}.png`, mimeType: 'image/png', buffer: noisePng(300 + index, 200) })));
    await alice.getByRole('list', { name: 'Files to send' }).getByRole('listitem').nth(2).waitFor();
    await isAccessible(alice);
    await picture(alice, 'files-chosen');
    await alice.getByRole('button', { name: 'Do not send two.png' }).click();
    await alice.getByRole('textbox', { name: 'Write to Demo' }).press('Enter');
    for (const name of ['one.png', 'three.png']) await decoded(bob, name);
    assert.equal(await link(bob, 'two.png').count(), 0);
    await alice.getByRole('list', { name: 'Files to send' }).waitFor({ state: 'detached' });
  });

  await test('what is on its way can be given up; what failed, tried again', async () => {
    let letThrough = false;
    const stopped = [];
    await alice.route('**/storage/message-attachment', async (route) => {
      if (letThrough) await route.continue();
      else stopped.push(route);
    });
    await choose(alice, ['slow.txt', 'broken.txt'].map((name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(name) })));
    await sendChosen(alice);
    await eventually(() => stopped.length === 2, 'both on their way');
    await alice.getByRole('progressbar', { name: 'Uploading slow.txt…' }).waitFor();
    await alice.getByRole('button', { name: 'Do not send slow.txt' }).click();
    letThrough = true;
    for (const route of stopped) await route.abort().catch(() => {});
    await alice.getByRole('alert').filter({ hasText: 'broken.txt could not be sent.' }).waitFor();
    await isAccessible(alice);
    await picture(alice, 'files-failed');
    await alice.getByRole('button', { name: 'Try again: broken.txt' }).click();
    await link(bob, 'broken.txt').waitFor();
    assert.equal(await link(bob, 'slow.txt').count(), 0);
    await alice.unroute('**/storage/message-attachment');
  });

  await test('pictures are gone through by keyboard, enlarged, and saved', async () => {
    await link(bob, 'three.png').click();
    const gallery = bob.getByRole('dialog', { name: 'Pictures' });
    const shown = (name, width) =>
      eventually(() => gallery.getByRole('img', { name }).evaluate((image, wanted) => image.naturalWidth === wanted, width), `${name} in full`);
    await shown('three.png', 302);
    await isAccessible(bob);
    await picture(bob, 'gallery');
    await bob.keyboard.press('ArrowLeft');
    await shown('one.png', 300);
    const width = () => gallery.getByRole('img').evaluate((image) => image.getBoundingClientRect().width);
    const before = await width();
    await bob.keyboard.press('+');
    assert.ok((await width()) > before * 1.4);
    await bob.keyboard.press('0');
    assert.equal(await width(), before);
    const download = bob.waitForEvent('download');
    await gallery.getByRole('button', { name: 'Save' }).click();
    assert.equal((await download).suggestedFilename(), 'one.png');
    await bob.setViewportSize({ width: 375, height: 700 });
    await picture(bob, 'gallery-narrow');
    assert.ok((await gallery.evaluate((element) => element.scrollWidth)) <= 375);
    await bob.keyboard.press('Escape');
    await gallery.waitFor({ state: 'detached' });
    assert.match(await bob.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? ''), /three\.png/);
  });

  await test('on a phone there is a way to take a picture', async () => {
    const phone = await inGroup(browsers, server, 3, 'Demo', { viewport: { width: 375, height: 720 }, isMobile: true, hasTouch: true });
    await phone.getByRole('button', { name: 'Take a picture' }).waitFor();
    const taken = phone.locator('input[capture=environment]');
    await taken.setInputFiles({ name: 'taken.png', mimeType: 'image/png', buffer: noisePng(30, 30) });
    await phone.getByRole('listitem').filter({ hasText: 'taken.png' }).waitFor();
    await picture(phone, 'files-phone');
    await phone.getByRole('button', { name: 'Send', exact: true }).tap();
    assert.deepEqual(await decoded(alice, 'taken.png'), [30, 30]);
  });
}
