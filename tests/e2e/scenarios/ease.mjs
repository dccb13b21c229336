import assert from 'node:assert/strict';
import { controls, groupRow, inGroup, message, openGroup, preview, ring, send, signIn, startMeeting } from '../lib/actions.mjs';
import { eventually } from '../lib/runner.mjs';

/** By keyboard alone, by finger, and with more than fits: what makes the page easy to use. */
export async function ease({ test, server, browsers, picture }) {
  const alice = await inGroup(browsers, server, 1);
  const field = alice.getByRole('textbox', { name: 'Write to Demo' });
  const phone = { viewport: { width: 375, height: 720 }, isMobile: true, hasTouch: true };

  await test('opening a group lets one write at once', async () => {
    await eventually(() => isFocused(field), 'focus in the field');
  });

  await test('a text that is too long is neither cut nor sent, and it is said why', async () => {
    await field.fill('x'.repeat(800));
    await alice.getByText('−300').waitFor();
    await alice.getByText('300 characters too many. Shorten the message to send it.').waitFor();
    assert.equal((await field.inputValue()).length, 800);
    await field.press('Enter');
    assert.equal(await alice.getByRole('button', { name: 'Send' }).getAttribute('aria-disabled'), 'true');
    assert.equal((await field.inputValue()).length, 800);
    await picture(alice, 'too-long');
    await field.fill('');
  });

  await test('the list is one stop of the keyboard, and arrows go through it', async () => {
    for (let i = 0; i < 30; i += 1) await send(alice, `line ${i}`);
    await message(alice, 'line 29').waitFor();
    await eventually(async () => (await alice.locator('article.is-sending').count()) === 0, 'all are sent');
    await field.focus();
    for (let i = 0; i < 3; i += 1) await alice.keyboard.press('Shift+Tab');
    assert.equal(await focusedRow(alice), 'line 29');
    await alice.keyboard.press('ArrowUp');
    assert.equal(await focusedRow(alice), 'line 28');
    await alice.keyboard.press('Home');
    // What is far away is put into the page first.
    await eventually(async () => (await focusedRow(alice)) === 'line 0', 'focus on the first row');
    await alice.keyboard.press('End');
    await eventually(async () => (await focusedRow(alice)) === 'line 29', 'focus on the last row');
    await alice.keyboard.press('Tab');
    assert.match(await focusedName(alice), /^React: line 29$/);
    await alice.keyboard.press('Tab');
    assert.match(await focusedName(alice), /^What to do with this message: line 29$/);
  });

  await test('a menu goes by arrow keys, and gives the focus back', async () => {
    await alice.keyboard.press('Enter');
    await eventually(async () => (await focusedText(alice)) === 'Reply', 'focus on the first item');
    await alice.keyboard.press('ArrowDown');
    assert.equal(await focusedText(alice), 'Edit');
    await alice.keyboard.press('Home');
    assert.equal(await focusedText(alice), 'Reply');
    await alice.keyboard.press('End');
    assert.equal(await focusedText(alice), 'Take back');
    for (const key of ['Escape', 'Tab']) {
      await alice.keyboard.press(key);
      await alice.getByRole('menu').waitFor({ state: 'detached' });
      assert.match(await focusedName(alice), /line 29$/);
      await alice.keyboard.press('Enter');
      await eventually(async () => (await focusedText(alice)) === 'Reply', 'focus on the first item again');
    }
  });

  await test('an edit keeps its place, cannot be empty, and nothing is taken back by one press', async () => {
    await alice.keyboard.press('ArrowDown');
    await alice.keyboard.press('Enter');
    const editor = alice.getByRole('textbox', { name: 'Edit message' });
    await editor.fill('');
    await alice.keyboard.press('Enter');
    await alice.getByText('A message cannot be empty.').waitFor();
    await editor.fill('line 29, edited');
    await alice.keyboard.press('Enter');
    await editor.waitFor({ state: 'detached' });
    assert.equal(await focusedRow(alice), 'line 29, edited');
    await alice.keyboard.press('Tab');
    await alice.keyboard.press('Tab');
    await alice.keyboard.press('Enter');
    await eventually(async () => (await focusedText(alice)) === 'Reply', 'focus on the first item');
    await alice.keyboard.press('End');
    await alice.keyboard.press('Enter');
    await alice.getByRole('dialog').getByText('line 29, edited').waitFor();
    await picture(alice, 'take-back');
    await message(alice, 'line 29, edited').waitFor();
    await alice.keyboard.press('Tab');
    await alice.keyboard.press('Enter');
    await alice.getByRole('log').getByText('alice took back a message').waitFor();
    await eventually(async () => /took back/.test(await focusedText(alice)), 'focus on what came in its place');
  });

  await test('what one writes is seen wherever one has scrolled to', async () => {
    await alice.getByRole('log').evaluate((element) => element.scrollTo(0, 0));
    await alice.getByRole('button', { name: 'Newest messages' }).waitFor();
    await send(alice, 'written above');
    await eventually(() => isSeen(alice, 'written above'), 'the new message on the screen');
  });

  await test('whoever reads older messages stays there when new ones come, and sees how many there are', async () => {
    const carol = await inGroup(browsers, server, 3);
    const log = carol.getByRole('log');
    await message(carol, 'written above').waitFor();
    await log.evaluate((element) => element.scrollTo(0, 200));
    const jump = carol.getByRole('button', { name: 'Newest messages' });
    await jump.waitFor();
    const before = await firstInSight(log);
    for (const text of ['come 1', 'come 2']) await send(alice, text);
    await jump.getByText('2').waitFor();
    const after = await firstInSight(log);
    assert.equal(after.row, before.row);
    assert.ok(Math.abs(after.top - before.top) <= 1, `from ${before.top} to ${after.top}`);
    await jump.click();
    await jump.waitFor({ state: 'detached' });
    await eventually(() => isSeen(carol, 'come 2'), 'the newest message on the screen');
    await carol.close();
  });

  await test('the way to the newest messages keeps the focus', async () => {
    await alice.getByRole('log').evaluate((element) => element.scrollTo(0, 0));
    await alice.getByRole('button', { name: 'Newest messages' }).click();
    await eventually(() => isSeen(alice, 'come 2'), 'the newest message on the screen');
    assert.notEqual(await focusedTag(alice), 'BODY');
  });

  await test('a group with many unread messages opens where they begin, and counts as read at the end', async () => {
    const bob = await browsers.page(2, server.origin);
    await signIn(bob, 2);
    assert.notEqual(await focusedTag(bob), 'BODY');
    await openGroup(bob, 'Demo');
    await bob.getByRole('button', { name: 'Newest messages' }).click();
    await groupRow(bob, 'Demo').getByText('unread').waitFor({ state: 'detached' });
    await bob.getByRole('button', { name: 'New group' }).click();
    await bob.getByRole('dialog').getByRole('button', { name: 'Create' }).click();
    await bob.getByText('The group needs a name.').waitFor();
    await bob.getByRole('textbox', { name: 'Name of the group' }).fill('Aside');
    await bob.keyboard.press('Enter');
    await bob.getByRole('heading', { name: 'Aside', level: 2 }).waitFor();
    assert.notEqual(await focusedTag(bob), 'BODY');
    for (let i = 0; i < 70; i += 1) await send(alice, `news ${i}`);
    await message(alice, 'news 69').waitFor();
    await eventually(async () => (await alice.locator('article.is-sending').count()) === 0, 'all are sent');
    // A page that knows only the newest of them.
    await bob.reload();
    await groupRow(bob, 'Demo').getByText(/unread/).waitFor();
    await openGroup(bob, 'Demo');
    await eventually(() => isSeen(bob, 'news 0'), 'the first unread message on the screen');
    assert.match(await bob.locator('.divider-new + article').getAttribute('aria-label'), /news 0$/);
    await groupRow(bob, 'Demo').getByText(/unread/).waitFor();
    await picture(bob, 'unread');
    await bob.getByRole('button', { name: 'Newest messages' }).click();
    await groupRow(bob, 'Demo').getByText(/unread/).waitFor({ state: 'detached' });
  });

  await test('on a phone Enter is a line, and the banner that rings covers no button', async () => {
    const carol = await browsers.page(3, server.origin, phone);
    await signIn(carol, 3);
    await groupRow(carol, 'Demo').tap();
    const text = carol.getByRole('textbox', { name: 'Write to Demo' });
    await text.fill('first');
    await text.press('Enter');
    await text.pressSequentially('second');
    assert.equal(await text.inputValue(), 'first\nsecond');
    await carol.getByRole('button', { name: 'Send' }).tap();
    await message(alice, 'second').waitFor();
    assert.equal(await isFocused(text), true);
    await startMeeting(alice);
    await ring(carol).waitFor();
    await picture(carol, 'narrow-ring');
    const banner = await ring(carol).boundingBox();
    for (const other of [
      carol.getByRole('region', { name: 'Meeting', exact: true }).getByRole('button', { name: 'Join' }),
      carol.getByRole('button', { name: 'Members' }),
    ]) {
      assert.ok((await other.boundingBox()).y >= banner.y + banner.height, 'the banner covers a button');
    }
  });

  await test('who is muted is told beside the field, and until when', async () => {
    const bob = await inGroup(browsers, server, 2);
    await alice.getByRole('button', { name: 'Back to the conversation' }).click();
    await alice.getByRole('button', { name: 'Members' }).click();
    const members = alice.getByRole('complementary', { name: 'Members' });
    await eventually(() => members.evaluate((element) => element.contains(document.activeElement)), 'focus in the panel');
    await members.getByRole('button', { name: 'Actions for bob' }).click();
    await alice.getByRole('menuitem', { name: 'Mute for an hour' }).click();
    await members.getByText('muted').waitFor();
    await bob.getByText(/^You are muted in this group until \d\d:\d\d\.$/).waitFor();
    const text = bob.getByRole('textbox', { name: 'Write to Demo' });
    assert.equal(await text.isEditable(), false);
    assert.equal(await bob.getByRole('button', { name: 'Send', exact: true }).getAttribute('aria-disabled'), 'true');
    await members.getByRole('button', { name: 'Actions for bob' }).click();
    await alice.getByRole('menuitem', { name: 'Unmute' }).click();
    await members.getByText('muted').waitFor({ state: 'detached' });
    await bob.getByText(/^You are muted/).waitFor({ state: 'detached' });
  });

  await test('a member removed takes the focus of nobody along', async () => {
    const members = alice.getByRole('complementary', { name: 'Members' });
    await members.getByRole('button', { name: 'Actions for carol' }).click();
    await alice.getByRole('menuitem', { name: 'Remove from the group' }).click();
    await alice.getByRole('dialog').getByRole('button', { name: 'Remove from the group' }).click();
    await members.getByText('carol').waitFor({ state: 'detached' });
    assert.notEqual(await focusedTag(alice), 'BODY');
    await members.getByRole('button').last().focus();
    await alice.keyboard.press('Escape');
    await members.waitFor({ state: 'detached' });
    assert.notEqual(await focusedTag(alice), 'BODY');
    await alice.getByRole('region', { name: 'In a meeting' }).getByRole('button', { name: 'Return' }).click();
    await controls(alice).waitFor();
  });

  await test('a panel of the meeting takes the focus, and Escape closes it', async () => {
    assert.notEqual(await focusedTag(alice), 'BODY');
    for (const name of [/^Chat/, /^People/]) {
      const toggle = controls(alice).getByRole('button', { name });
      await toggle.click();
      const panel = alice.getByRole('complementary', { name });
      await eventually(() => panel.evaluate((element) => element.contains(document.activeElement)), 'focus in the panel');
      await alice.keyboard.press('Escape');
      await panel.waitFor({ state: 'detached' });
      assert.equal(await isFocused(toggle), true);
    }
    await alice.getByRole('button', { name: 'Leave', exact: true }).click();
    await eventually(() => isFocused(alice.getByRole('textbox', { name: 'Write to Demo' })), 'focus in the conversation');
  });

  await test('nothing is sent before one wants it, and one need not be asked again', async () => {
    const live = alice.getByRole('region', { name: 'Meeting', exact: true });
    await live.getByText('Nobody is in it').waitFor();
    await live.getByRole('button', { name: 'Join' }).click();
    await preview(alice).getByLabel('Your camera’s picture').waitFor();
    await picture(alice, 'preview');
    await live.getByText('Nobody is in it').waitFor();
    await preview(alice).getByRole('button', { name: 'Turn camera off' }).click();
    await preview(alice).getByText('The camera is off.').waitFor();
    await preview(alice).getByLabel('Do not ask again').check();
    await preview(alice).getByRole('button', { name: 'Join' }).click();
    await controls(alice).getByRole('button', { name: 'Turn camera on' }).waitFor();
    await controls(alice).getByRole('button', { name: 'Turn microphone off' }).waitFor();
    await alice.getByRole('button', { name: 'Leave', exact: true }).click();
    await live.getByRole('button', { name: 'Join' }).click();
    await controls(alice).waitFor();
    await alice.getByRole('button', { name: 'Leave', exact: true }).click();
    await alice.getByRole('button', { name: 'Settings' }).click();
    await alice.getByRole('menuitemcheckbox', { name: 'Preview before a meeting' }).click();
    await live.getByRole('button', { name: 'Join' }).click();
    await preview(alice).getByRole('button', { name: 'Cancel' }).click();
    await preview(alice).waitFor({ state: 'detached' });
    assert.notEqual(await focusedTag(alice), 'BODY');
  });
}

function isFocused(locator) {
  return locator.evaluate((element) => element === document.activeElement);
}

function focusedTag(page) {
  return page.evaluate(() => document.activeElement?.tagName);
}

function focusedText(page) {
  return page.evaluate(() => document.activeElement?.textContent ?? '');
}

function focusedName(page) {
  return page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
}

/** The text of the message that has the focus. */
function focusedRow(page) {
  return page.evaluate(() => document.activeElement?.querySelector('.message-text')?.firstChild?.textContent);
}

/** Whether the message is within what the list shows of itself. */
function isSeen(page, text) {
  return page.evaluate((wanted) => {
    const log = document.querySelector('[role=log]').getBoundingClientRect();
    const found = [...document.querySelectorAll('.message-text')].find((each) => each.textContent === wanted);
    const box = found?.getBoundingClientRect();
    return box !== undefined && box.top >= log.top && box.bottom <= log.bottom + 1;
  }, text);
}

/** Which row is the first in sight, and where on the screen: `scrollTop` alone changes when rows above it are measured. */
function firstInSight(log) {
  return log.evaluate((element) => {
    const { top } = element.getBoundingClientRect();
    const rows = [...element.querySelectorAll('[data-row]')].map((row) => ({ row: row.dataset.row, box: row.getBoundingClientRect() }));
    const [first] = rows.filter(({ box }) => box.bottom > top).sort((a, b) => a.box.top - b.box.top);
    return { row: first.row, top: first.box.top };
  });
}
