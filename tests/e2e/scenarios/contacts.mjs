import assert from 'node:assert/strict';
import { inGroup } from '../lib/actions.mjs';
import { isAccessible } from '../lib/axe.mjs';

/** Friends: asked, accepted, declined, removed and blocked. */
export async function contacts({ test, server, browsers, picture }) {
  const alice = await inGroup(browsers, server, 1);
  const bob = await inGroup(browsers, server, 2);
  const open = (page) => page.getByRole('button', { name: /^Contacts/ }).click();
  const part = (page, name) => page.getByRole('region', { name, exact: true });

  await test('without friends the page says what to do', async () => {
    await open(alice);
    await part(alice, 'Friends').getByText('No friends yet.').waitFor();
    await isAccessible(alice);
  });

  await test('somebody is asked by name, sees it at once, and accepts', async () => {
    await alice.getByRole('button', { name: 'Add friends' }).click();
    const dialog = alice.getByRole('dialog', { name: 'Add friends' });
    await dialog.getByRole('button', { name: 'Send request' }).click();
    await dialog.getByText('Choose somebody first').waitFor();
    await dialog.getByRole('searchbox').fill('bob');
    await dialog.getByRole('checkbox', { name: 'bob' }).check();
    await dialog.getByLabel('A few words with it').fill('It is me');
    await isAccessible(alice);
    await dialog.getByRole('button', { name: 'Send request' }).click();
    await part(alice, 'Waiting for an answer').getByText('bob').waitFor();
    await bob.getByRole('button', { name: 'Contacts, 1 request' }).click();
    await part(bob, 'Requests to you').getByText('It is me').waitFor();
    await isAccessible(bob);
    await picture(bob, 'contacts-request');
    await bob.getByRole('button', { name: 'Accept alice' }).click();
    await part(bob, 'Friends').getByText('alice').waitFor();
    await part(alice, 'Friends').getByText('bob').waitFor();
    await bob.getByRole('button', { name: 'Contacts', exact: true }).waitFor();
    await picture(alice, 'contacts');
  });

  await test('one writes to a friend, and Escape leads back', async () => {
    await alice.getByRole('button', { name: 'Write to bob' }).click();
    await alice.getByRole('heading', { name: 'bob', level: 2 }).waitFor();
    await open(alice);
    await alice.getByRole('heading', { name: 'Contacts', level: 2 }).waitFor();
    await alice.keyboard.press('Escape');
    await alice.getByRole('heading', { name: 'bob', level: 2 }).waitFor();
    await open(alice);
  });

  await test('a friend is blocked and unblocked, and removed', async () => {
    const choose = async (action) => {
      await part(alice, 'Friends').getByRole('button', { name: 'Actions for bob' }).click();
      await alice.getByRole('menuitem', { name: action }).click();
      await alice.getByRole('dialog').getByRole('button', { name: action }).click();
    };
    await choose('Block');
    await alice.getByRole('button', { name: 'Unblock bob' }).waitFor();
    await isAccessible(alice);
    await picture(alice, 'contacts-blocked');
    await alice.getByRole('button', { name: 'Unblock bob' }).click();
    await part(alice, 'Blocked').waitFor({ state: 'detached' });
    await choose('Remove from friends');
    await part(alice, 'Friends').getByText('No friends yet.').waitFor();
  });

  await test('a request that is declined goes away for both', async () => {
    const carol = await inGroup(browsers, server, 3);
    await open(carol);
    await carol.getByRole('button', { name: 'Add friends' }).click();
    await carol.getByRole('dialog').getByRole('searchbox').fill('alice');
    await carol.getByRole('checkbox', { name: 'alice' }).check();
    await carol.getByRole('button', { name: 'Send request' }).click();
    await alice.getByRole('button', { name: 'Decline carol' }).click();
    await part(alice, 'Requests to you').waitFor({ state: 'detached' });
    await part(carol, 'Waiting for an answer').waitFor({ state: 'detached' });
  });

  await test('it fits a narrow screen', async () => {
    await alice.setViewportSize({ width: 375, height: 700 });
    assert.ok((await alice.evaluate(() => document.documentElement.scrollWidth)) <= 375);
    await picture(alice, 'contacts-narrow');
  });
}
