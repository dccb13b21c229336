import assert from 'node:assert/strict';
import { eventually } from '../lib/runner.mjs';
import { groupRow, inGroup, message, openGroup, send, signIn } from '../lib/actions.mjs';

/** Signing in and writing to each other. */
export async function messaging({ test, server, browsers }) {
  let alice;
  let bob;
  let carol;

  await test('a wrong password is refused in words, and the keyboard alone signs in', async () => {
    alice = await browsers.page(1, server.origin);
    assert.equal(await alice.evaluate(() => document.activeElement?.getAttribute('name')), 'username');
    await alice.keyboard.type('Alice');
    await alice.keyboard.press('Tab');
    await alice.keyboard.type('wrong');
    await alice.keyboard.press('Enter');
    await alice.getByText('The name or the password is wrong.').waitFor();
    await alice.keyboard.press('ControlOrMeta+A');
    await alice.keyboard.type('turms');
    await alice.keyboard.press('Enter');
    const link = groupRow(alice, 'Demo');
    await link.waitFor();
    while (!(await link.evaluate((element) => element === document.activeElement))) await alice.keyboard.press('Tab');
    assert.notEqual(await link.evaluate((element) => getComputedStyle(element).outlineStyle), 'none');
    await alice.keyboard.press('Enter');
    await alice.getByRole('textbox', { name: 'Write to Demo' }).waitFor();
  });

  await test('a message arrives at the others, and counts as unread where the group is not open', async () => {
    bob = await inGroup(browsers, server, 2);
    carol = await browsers.page(3, server.origin);
    await signIn(carol, 3);
    await send(alice, 'Hello from alice');
    await message(bob, 'Hello from alice').waitFor();
    await groupRow(carol, 'Demo').getByText('1 unread').waitFor();
    await send(bob, 'Hello from bob');
    await message(alice, 'Hello from bob').waitFor();
    await groupRow(carol, 'Demo').getByText('2 unread').waitFor();
    await openGroup(carol, 'Demo');
    await message(carol, 'Hello from bob').waitFor();
    await groupRow(carol, 'Demo').getByText('unread').waitFor({ state: 'detached' });
  });

  await test('markup in a message stays text', async () => {
    await send(alice, '<img src=x onerror=alert(1)> <b>bold</b>');
    await message(bob, '<img src=x onerror=alert(1)> <b>bold</b>').waitFor();
  });

  await test('whoever writes is shown to the others while writing', async () => {
    await bob.getByRole('textbox', { name: 'Write to Demo' }).pressSequentially('hm');
    await alice.getByText('bob is writing…').waitFor();
    await send(bob, 'hm, yes');
    await message(alice, 'hm, yes').waitFor();
    await alice.getByText('bob is writing…').waitFor({ state: 'detached' });
  });

  await test('an edit and a recall reach the others', async () => {
    await send(alice, 'a draft');
    await message(bob, 'a draft').waitFor();
    await message(alice, 'a draft').hover();
    await message(alice, 'a draft').getByRole('button', { name: 'What to do with this message' }).click();
    await alice.getByRole('menuitem', { name: 'Edit' }).click();
    await alice.getByRole('textbox', { name: 'Edit message' }).fill('the final text');
    await alice.keyboard.press('Enter');
    await message(bob, 'the final text').getByText('edited').waitFor();
    await message(alice, 'the final text').hover();
    await message(alice, 'the final text').getByRole('button', { name: 'What to do with this message' }).click();
    await alice.getByRole('menuitem', { name: 'Take back' }).click();
    await alice.getByRole('dialog').getByRole('button', { name: 'Take back' }).click();
    await bob.getByRole('log').getByText('alice took back a message').waitFor();
    await message(bob, 'the final text').waitFor({ state: 'detached' });
    await alice.getByRole('log').getByText('alice took back a message').waitFor();
  });

  await test('the sender sees who has read', async () => {
    await send(alice, 'read this');
    await message(bob, 'read this').waitFor();
    await bob.bringToFront();
    await alice.getByText(/Read by/).waitFor();
  });

  await test('history pages back', async () => {
    for (let i = 0; i < 60; i += 1) await send(alice, `line ${i}`);
    await message(bob, 'line 59').waitFor();
    const fresh = await inGroup(browsers, server, 2);
    await message(fresh, 'line 59').waitFor();
    assert.equal(await message(fresh, 'Hello from alice').count(), 0);
    const log = fresh.getByRole('log');
    await eventually(async () => {
      await log.evaluate((element) => element.scrollTo(0, 0));
      return (await message(fresh, 'Hello from alice').count()) === 1;
    }, 'the first message, once all before it are loaded');
    bob = fresh;
  });

  await test('a group is made, and somebody invited joins it', async () => {
    await alice.getByRole('button', { name: 'New group' }).click();
    await alice.getByRole('textbox', { name: 'Name of the group' }).fill('Project');
    await alice.getByRole('button', { name: 'Create' }).click();
    await alice.getByRole('heading', { name: 'Project', level: 2 }).waitFor();
    await alice.getByRole('button', { name: 'Add people' }).click();
    const dialog = alice.getByRole('dialog', { name: 'Add people' });
    await dialog.getByRole('button', { name: 'Invite' }).click();
    await dialog.getByText('Choose somebody to invite.').waitFor();
    await dialog.getByRole('searchbox', { name: 'Name of whom to invite' }).fill('BO');
    await dialog.getByRole('checkbox', { name: 'bob' }).check();
    await dialog.getByRole('button', { name: 'Invite' }).click();
    await alice.getByText('bob is invited.').waitFor();
    await bob.getByRole('region', { name: 'Invitations' }).getByRole('button', { name: 'Join' }).click();
    await openGroup(bob, 'Project');
    await send(bob, 'thank you');
    await openGroup(alice, 'Project');
    await message(alice, 'thank you').waitFor();
    await alice.getByText('2 members').waitFor();
  });
}
