import assert from 'node:assert/strict';
import { inGroup } from '../lib/actions.mjs';
import { noisePng } from '../lib/picture.mjs';

/** Files and pictures that are sent in a group. */
export async function attachments({ test, server, browsers }) {
  let alice;
  let bob;
  const fieldOf = (page) => page.getByRole('textbox', { name: 'Write to Demo' });
  const link = (page, name) => page.getByRole('log').getByRole('link', { name });
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
    await alice.locator('input[type=file]').setInputFiles(file);
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
    await alice.locator('input[type=file]').setInputFiles(file);
    const download = bob.waitForEvent('download');
    await link(bob, 'page.html, 41 B').click();
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
      assert.deepEqual(await decoded(bob, name), [20, 20]);
    }
  });

  await test('what is too large is refused in words', async () => {
    const file = { name: 'large.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(1024 * 1024 + 1) };
    await alice.locator('input[type=file]').setInputFiles(file);
    await alice.getByText('large.bin is too large.').waitFor();
  });
}
