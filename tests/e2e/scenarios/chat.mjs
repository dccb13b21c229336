import assert from 'node:assert/strict';
import { groupRow, inGroup, message, openGroup, send, signIn, startMeeting } from '../lib/actions.mjs';
import { clientOf } from '../lib/client.mjs';
import { startPrefixProxy } from '../lib/prefix.mjs';
import { eventually } from '../lib/runner.mjs';

/** Conversations of both kinds, and what can be done with a message. */
export async function chat({ test, note, picture, server, browsers }) {
  const alice = await inGroup(browsers, server, 1);
  const bob = await browsers.page(2, server.origin);
  const phone = { viewport: { width: 375, height: 720 }, isMobile: true, hasTouch: true };

  await test('a demo account signs in with one press', async () => {
    await bob.getByRole('group', { name: 'Demo accounts' }).getByRole('button', { name: 'bob' }).click();
    await openGroup(bob, 'Demo');
  });

  await test('a private message is shown to both, and that it was read', async () => {
    await alice.getByRole('button', { name: 'Write to somebody' }).click();
    await alice.getByRole('searchbox', { name: 'Name of whom to write to' }).fill('bo');
    await alice.getByRole('radio', { name: 'bob' }).check();
    await picture(alice, 'write-to-somebody');
    await alice.getByRole('dialog').getByRole('button', { name: 'Write', exact: true }).click();
    await alice.getByRole('heading', { name: 'bob', level: 2 }).waitFor();
    await send(alice, 'between the two of us');
    await message(alice, 'between the two of us').waitFor();
    await groupRow(bob, 'between the two of us').getByText('1 unread').waitFor();
    await groupRow(bob, 'between the two of us').click();
    await message(bob, 'between the two of us').waitFor();
    await bob.bringToFront();
    await alice.getByText('Read', { exact: true }).waitFor();
    await alice.reload();
    await message(alice, 'between the two of us').waitFor();
  });

  await test('a reply, a mention and a reaction reach the others, and lead to what they mean', async () => {
    await openGroup(alice, 'Demo');
    await openGroup(bob, 'Demo');
    await send(alice, 'shall we?');
    await message(bob, 'shall we?').hover();
    await message(bob, 'shall we?').getByRole('button', { name: /^What to do/ }).click();
    await bob.getByRole('menuitem', { name: 'Reply' }).click();
    await bob.getByRole('group', { name: 'Replying to' }).getByText('shall we?').waitFor();
    const field = bob.getByRole('textbox', { name: 'Write to Demo' });
    await field.pressSequentially('yes, @ali');
    await bob.getByRole('option', { name: 'alice' }).waitFor();
    await picture(bob, 'mention');
    await bob.keyboard.press('Enter');
    await bob.keyboard.press('Enter');
    const answer = message(alice, 'yes, @alice');
    await answer.getByRole('button', { name: /^In reply to alice: shall we\?/ }).waitFor();
    await answer.hover();
    await answer.getByRole('button', { name: /^React/ }).click();
    await alice.getByRole('menuitemcheckbox', { name: '👍' }).click();
    await message(bob, 'yes, @alice').getByRole('button', { name: /^👍 1: alice/ }).click();
    await answer.getByRole('button', { name: /^👍 2: alice, bob/ }).waitFor();
    await picture(alice, 'reply-and-reaction');
  });

  await test('a pinned message leads to where it stands, and a message is forwarded', async () => {
    await message(alice, 'shall we?').first().hover();
    await message(alice, 'shall we?').first().getByRole('button', { name: /^What to do/ }).click();
    await alice.getByRole('menuitem', { name: 'Pin', exact: true }).click();
    await bob.getByRole('region', { name: 'Pinned messages' }).getByText('shall we?').waitFor();
    await message(bob, 'yes, @alice').hover();
    await message(bob, 'yes, @alice').getByRole('button', { name: /^What to do/ }).click();
    await bob.getByRole('menuitem', { name: 'Forward' }).click();
    await bob.getByRole('dialog').getByRole('radio', { name: 'alice' }).check();
    await bob.getByRole('dialog').getByRole('button', { name: 'Forward' }).click();
    await bob.getByText('Forwarded to alice.').waitFor();
    await groupRow(alice, 'yes, @alice').first().waitFor();
  });

  await test('in a group of thousands of messages an old one is found, shown where it stands, and left again', async () => {
    const client = await clientOf(server, 2n);
    const groupId = BigInt(await alice.evaluate(() => /g\/(\d+)/.exec(location.hash)[1]));
    await client.messages.sendToGroup(groupId, 'the needle of the haystack');
    for (let i = 0; i < 1500; i += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, k) => client.messages.sendToGroup(groupId, `straw ${i + k}`)));
    }
    client.signOut();
    const carol = await browsers.page(3, server.origin);
    await signIn(carol, 3);
    await groupRow(carol, 'Demo').getByText('99+', { exact: true }).waitFor();
    const search = carol.getByRole('searchbox', { name: 'Search messages' });
    await search.fill('needle');
    const found = carol.getByRole('list', { name: 'Messages found' }).getByRole('button');
    await found.locator('mark', { hasText: 'needle' }).waitFor();
    await picture(carol, 'search');
    await found.click();
    await eventually(() => isSeen(carol, 'the needle of the haystack'), 'the message that was looked for');
    assert.ok((await carol.locator('[data-row]').count()) < 120, 'only what is near the view is in the page');
    await carol.getByRole('button', { name: 'Newest messages' }).click();
    await eventually(async () => (await carol.locator('.message-text', { hasText: 'straw 14' }).count()) > 0, 'the newest ones');
    await search.fill('');
    const spent = await switching(carol);
    note(`switching into the group took ${Math.round(spent)} ms`);
    await carol.close();
  });

  await test('what opens below the last message is in view', async () => {
    await openGroup(alice, 'Demo');
    await alice.getByRole('button', { name: 'Newest messages' }).click({ timeout: 2000 }).catch(() => {});
    await send(alice, 'the last one');
    await message(alice, 'the last one').hover();
    await message(alice, 'the last one').getByRole('button', { name: /^What to do/ }).click();
    await alice.getByRole('menuitem', { name: 'Edit' }).click();
    const save = alice.getByRole('button', { name: 'Save' });
    await save.waitFor();
    await eventually(() => isInside(save), 'all of the editor is in the list');
    await alice.keyboard.press('Escape');
  });

  await test('on a tablet the members are over the conversation, and take their own clicks', async () => {
    await alice.setViewportSize({ width: 900, height: 700 });
    await alice.getByRole('button', { name: 'Members' }).click();
    const panel = alice.getByRole('complementary', { name: 'Members' });
    await panel.waitFor();
    const box = await panel.boundingBox();
    for (const [x, y] of [
      [0.2, 0.3],
      [0.5, 0.6],
      [0.8, 0.95],
    ]) {
      const point = { x: box.x + box.width * x, y: box.y + box.height * y };
      const isOver = await panel.evaluate((element, at) => element.contains(document.elementFromPoint(at.x, at.y)), point);
      assert.ok(isOver, `something else is at ${x}, ${y} of the panel`);
    }
    await picture(alice, 'tablet-members');
    await alice.keyboard.press('Escape');
    await alice.setViewportSize({ width: 1280, height: 800 });
  });

  await test('below a path of its host everything works', async () => {
    const proxy = await startPrefixProxy(server.origin, '/chat');
    try {
      const carol = await browsers.page(3, proxy.address, phone);
      await signIn(carol, 3);
      await groupRow(carol, 'Demo').tap();
      await carol.getByRole('textbox', { name: 'Write to Demo' }).fill('from below');
      await carol.getByRole('button', { name: 'Send' }).tap();
      await message(alice, 'from below').waitFor();
      await picture(carol, 'phone-below-a-path');
      await startMeeting(carol);
      await carol.close();
    } finally {
      await proxy.stop();
    }
  });

  await test('in the dark it is as readable', async () => {
    await alice.emulateMedia({ colorScheme: 'dark' });
    await picture(alice, 'dark-chat');
  });
}

/** Goes to the conversation with bob and back; how long it took until the messages of the group were there, in ms. */
async function switching(page) {
  return page.evaluate(async () => {
    const here = location.hash;
    location.hash = '#/u/2';
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    for (let i = 0; i < 30; i += 1) await frame();
    const start = performance.now();
    location.hash = here;
    do await frame();
    while (document.querySelectorAll('[role=log] [data-row]').length < 5);
    return performance.now() - start;
  });
}

/** Whether the message is within what the list shows of itself. */
function isSeen(page, text) {
  return page.evaluate((wanted) => {
    const log = document.querySelector('[role=log]')?.getBoundingClientRect();
    const found = [...document.querySelectorAll('.message-text')].find((each) => each.textContent === wanted);
    const box = found?.getBoundingClientRect();
    return log !== undefined && box !== undefined && box.top >= log.top && box.bottom <= log.bottom + 1;
  }, text);
}

function isInside(locator) {
  return locator.evaluate((element) => {
    const log = element.closest('[role=log]').getBoundingClientRect();
    const box = element.getBoundingClientRect();
    return box.top >= log.top && box.bottom <= log.bottom + 1;
  });
}
