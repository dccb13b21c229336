import assert from 'node:assert/strict';
import { controls, inGroup, message, openGroup, passPreview, preview, ring, seeCamera, send, startMeeting } from '../lib/actions.mjs';

/** What the page does when something goes wrong around it. */
export async function recovery({ test, note, picture, server, browsers }) {
  let alice = await inGroup(browsers, server, 1);
  const bob = await inGroup(browsers, server, 2);

  await test('signing in elsewhere ends the session here, in words', async () => {
    const second = await inGroup(browsers, server, 1);
    await alice.getByText('You were signed out because you signed in somewhere else.').waitFor();
    assert.equal(await alice.getByLabel('Name', { exact: true }).inputValue(), 'alice');
    await send(second, 'from the other page');
    await message(bob, 'from the other page').waitFor();
    alice = second;
  });

  await test('without a camera and microphone a person takes part all the same', async () => {
    const carol = await inGroup(browsers, server, 3);
    await carol.evaluate(() => {
      const refuse = async () => {
        throw new DOMException('Permission denied', 'NotAllowedError');
      };
      navigator.mediaDevices.getUserMedia = refuse;
    });
    await startMeeting(alice);
    await ring(carol).getByRole('button', { name: 'Join' }).click();
    await preview(carol).getByText(/Camera: The browser does not allow it/).waitFor();
    await passPreview(carol);
    await carol.getByText(/Microphone: The browser does not allow it/).waitFor();
    await carol.getByText(/Camera: The browser does not allow it/).waitFor();
    await seeCamera(carol, 1);
    await carol.getByRole('button', { name: 'Leave', exact: true }).click();
  });

  await test('what was written while the server was away arrives when it is back', async () => {
    await send(bob, 'before the crash');
    await alice.getByRole('button', { name: 'Leave', exact: true }).click();
    await message(alice, 'before the crash').waitFor();
    await server.crash();
    await bob.getByText(/No connection|Connecting/).waitFor({ state: 'detached' });
    await send(bob, 'after the crash');
    await message(alice, 'after the crash').waitFor();
    assert.equal(await message(alice, 'before the crash').count(), 1);
    assert.equal(await message(bob, 'after the crash').count(), 1);
  });

  await test('a server that hangs is noticed, and what is written meanwhile is sent in order afterwards', async () => {
    const thaw = server.freeze();
    try {
      const start = Date.now();
      await send(bob, 'into the void');
      await bob.getByText(/No connection|Connecting/).first().waitFor();
      note(`told after ${Date.now() - start} ms`);
      await send(bob, 'waited first');
      await send(bob, 'waited second');
      await message(bob, 'waited second').getByText('Waiting for the connection').waitFor();
    } finally {
      thaw();
    }
    await message(alice, 'waited second').waitFor();
    const order = (await alice.getByRole('log').getByRole('article').allInnerTexts()).filter((text) => /waited/.test(text));
    assert.deepEqual(order.map((text) => /waited \w+/.exec(text)[0]), ['waited first', 'waited second']);
    await message(bob, 'Waiting for the connection').waitFor({ state: 'detached' });
  });

  await test('what waits outlives the page, is sent by the next one, and can be discarded', async () => {
    const thaw = server.freeze();
    try {
      await send(bob, 'into the void again');
      await bob.getByText(/No connection|Connecting/).first().waitFor();
      for (const text of ['kept first', 'not wanted', 'kept second']) await send(bob, text);
      const unwanted = message(bob, 'not wanted');
      assert.match(await unwanted.getAttribute('aria-label'), /Waiting for the connection/);
      const border = (row) => row.locator('.message-text').evaluate((element) => getComputedStyle(element).borderTopStyle);
      assert.notEqual(await border(unwanted), await border(message(bob, 'waited first')), 'a waiting message looks different');
      await picture(bob, 'waiting');
      await unwanted.getByRole('button', { name: 'Discard' }).click();
      await unwanted.waitFor({ state: 'detached' });
      await bob.getByRole('button', { name: 'Settings' }).click();
      await bob.getByRole('menuitem', { name: 'Sign out' }).click();
      await bob.getByRole('dialog').getByText(/^Sign out and discard \d messages that are not sent/).waitFor();
      await bob.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
      await bob.goto('about:blank');
    } finally {
      thaw();
    }
    await bob.goto(`${server.origin}/`);
    await openGroup(bob, 'Demo');
    await message(alice, 'kept second').waitFor();
    for (const page of [alice, bob]) {
      const order = (await page.getByRole('log').getByRole('article').allInnerTexts()).filter((text) => /kept|not wanted/.test(text));
      assert.deepEqual(order.map((text) => /kept \w+|not wanted/.exec(text)[0]), ['kept first', 'kept second']);
    }
  });

  await test('a meeting can be held after the crash', async () => {
    const live = alice.getByRole('region', { name: 'Meeting', exact: true }).getByRole('button', { name: 'Join' });
    const start = alice.getByRole('button', { name: 'Start meeting' });
    await live.or(start).first().click();
    await passPreview(alice);
    // The last of them is the one of the banner that rings over the page, when it does.
    await bob.getByRole('button', { name: 'Join' }).last().click();
    await passPreview(bob);
    await Promise.all([seeCamera(alice, 2), seeCamera(bob, 1)]);
  });

  await test('a planned restart of the server interrupts a meeting, and ends it for nobody', async () => {
    await server.restart();
    await Promise.all([controls(alice).waitFor(), controls(bob).waitFor()]);
    await Promise.all([seeCamera(alice, 2), seeCamera(bob, 1)]);
    assert.equal(await alice.getByText('The media server was shut down.').count(), 0);
  });

  await test('a duplicate of the tab asks before it takes over, and so does the first to come back', async () => {
    const question = (page) => page.getByText('Turms is open in another tab. Use it here?');
    const opened = alice.context().waitForEvent('page');
    await alice.evaluate(() => void window.open('/', '_blank'));
    const duplicate = await opened;
    await question(duplicate).waitFor();
    await seeCamera(alice, 2);
    await duplicate.getByRole('button', { name: 'Use here' }).click();
    await seeCamera(duplicate, 2);
    await question(alice).waitFor();
    await alice.getByRole('button', { name: 'Use here' }).click();
    await seeCamera(alice, 2);
    await question(duplicate).waitFor();
    await duplicate.close();
  });
}
