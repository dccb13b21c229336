import assert from 'node:assert/strict';
import { inGroup } from '../lib/actions.mjs';
import { isAccessible } from '../lib/axe.mjs';
import { eventually } from '../lib/runner.mjs';

/** The page of settings: by keyboard, in both themes, narrow, and at twice the size. */
export async function settings({ test, server, browsers, picture }) {
  const alice = await inGroup(browsers, server, 1);
  const page = alice.getByRole('region', { name: 'Settings' });
  const open = async (who) => {
    await who.getByRole('button', { name: 'Settings' }).focus();
    await who.keyboard.press('Enter');
    const role = () => who.evaluate(() => document.activeElement?.getAttribute('role') ?? '');
    await eventually(async () => (await role()).startsWith('menuitem'), 'focus in the menu');
    await who.keyboard.press('End');
    await who.keyboard.press('ArrowUp');
    await who.keyboard.press('Enter');
    await who.getByRole('heading', { name: 'Settings', level: 2 }).waitFor();
  };

  await test('the page opens by keyboard, and Escape leads back to the conversation', async () => {
    await open(alice);
    await eventually(() => alice.evaluate(() => document.activeElement?.textContent === 'Settings'), 'focus on the heading');
    await alice.keyboard.press('Escape');
    await alice.getByRole('heading', { name: 'Demo', level: 2 }).waitFor();
    await open(alice);
  });

  await test('it has nothing that axe finds, light and dark', async () => {
    await isAccessible(alice);
    await picture(alice, 'settings');
    await alice.emulateMedia({ colorScheme: 'dark' });
    await picture(alice, 'settings-dark');
    await alice.emulateMedia({ colorScheme: 'light' });
  });

  await test('a changed name is what others see, and an empty one is refused', async () => {
    const name = page.getByLabel('Name', { exact: true });
    await eventually(async () => (await name.inputValue()) === 'alice', 'the name as it is');
    await name.fill(' ');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('alert').filter({ hasText: 'A name is needed' }).waitFor();
    await isAccessible(alice);
    await name.fill('Alice Álvarez');
    await page.getByLabel('About you').fill('Likes birds');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved.').waitFor();
    await alice.getByRole('navigation', { name: 'Conversations' }).getByText('Alice Álvarez').waitFor();
    const bob = await inGroup(browsers, server, 2);
    await bob.getByRole('button', { name: 'Members' }).click();
    await bob.getByRole('complementary', { name: 'Members' }).getByText('Alice Álvarez').waitFor();
    await bob.close();
  });

  await test('the size of text is chosen, and stays', async () => {
    const height = () => page.getByText('Keyboard shortcuts').evaluate((element) => element.getBoundingClientRect().height);
    const before = await height();
    await page.getByRole('radio', { name: 'Largest' }).check();
    assert.ok((await height()) > before * 1.2);
    await alice.reload();
    await page.waitFor();
    assert.ok((await height()) > before * 1.2);
    await picture(alice, 'settings-largest');
    await page.getByRole('radio', { name: 'Normal' }).check();
  });

  await test('the microphone moves the bar, and the camera shows its picture', async () => {
    await page.getByRole('button', { name: 'Test microphone' }).click();
    await eventually(() => page.getByLabel('Microphone level').evaluate((meter) => meter.value > 0.1), 'a level');
    await page.getByRole('button', { name: 'Show camera' }).click();
    const video = page.getByLabel('Your camera’s picture');
    await eventually(() => video.evaluate((element) => element.videoWidth > 0), 'a picture');
    await isAccessible(alice);
    await page.getByRole('heading', { name: 'Sound and video' }).scrollIntoViewIfNeeded();
    await picture(alice, 'settings-sound');
    await page.getByRole('button', { name: 'Hide camera' }).click();
    await video.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'End microphone test' }).click();
    await page.getByRole('button', { name: 'Play a sound' }).click();
    await page.getByText('Playing.').waitFor();
    await page.getByText('Playing.').waitFor({ state: 'detached' });
  });

  await test('it says on what one is signed in', async () => {
    await page.getByRole('listitem').filter({ hasText: 'Browser' }).getByText('(this one)').waitFor();
  });

  await test('it fits a narrow screen, and one at twice the size', async () => {
    for (const width of [375, 640]) {
      await alice.setViewportSize({ width, height: 700 });
      const widest = await page.evaluate((element) =>
        Math.max(document.documentElement.scrollWidth, ...[...element.querySelectorAll('*')].map((each) => each.getBoundingClientRect().right)),
      );
      assert.ok(widest <= width, `something reaches to ${widest} of ${width} pixels`);
      await picture(alice, `settings-${width}`);
    }
  });

  await test('it is in Chinese where that is chosen', async () => {
    await page.getByRole('radio', { name: '简体中文' }).check();
    await alice.getByRole('heading', { name: '键盘快捷键' }).waitFor();
    await picture(alice, 'settings-chinese');
  });
}
