import assert from 'node:assert/strict';
import { groupRow, inGroup, preview, signIn } from '../lib/actions.mjs';
import { eventually } from '../lib/runner.mjs';

/** Narrow screens, dark mode, and Chinese. */
export async function looks({ test, server, browsers, picture }) {
  const phone = { viewport: { width: 375, height: 720 }, isMobile: true, hasTouch: true };
  const alice = await inGroup(browsers, server, 1);
  let bob;

  await test('at 375 pixels everything can be reached, and nothing runs off the screen', async () => {
    bob = await browsers.page(2, server.origin, phone);
    await fits(bob);
    await bob.getByLabel('Name', { exact: true }).fill('bob');
    await bob.getByLabel('Password', { exact: true }).fill('turms');
    await bob.getByRole('button', { name: 'Sign in' }).tap();
    await bob.getByRole('link').filter({ hasText: 'Demo' }).tap();
    await bob.getByRole('textbox', { name: /^Write to/ }).fill('a long word follows: ' + 'w'.repeat(200));
    await bob.getByRole('button', { name: 'Send' }).tap();
    assert.equal(await bob.evaluate(() => document.activeElement?.tagName), 'TEXTAREA', 'sending keeps the keyboard open');
    await bob.getByRole('log').getByRole('article').first().waitFor();
    await fits(bob);
    await picture(bob, 'narrow-conversation');
    await bob.getByRole('button', { name: 'Members' }).tap();
    await bob.getByRole('complementary', { name: 'Members' }).waitFor();
    await fits(bob);
    assert.equal((await bob.getByRole('complementary', { name: 'Members' }).boundingBox()).width, 375);
    await picture(bob, 'narrow-members');
    await bob.getByRole('complementary', { name: 'Members' }).getByRole('button', { name: 'Back' }).tap();
    await bob.getByRole('button', { name: 'Start meeting' }).tap();
    await preview(bob).getByLabel('Your camera’s picture').waitFor();
    await fits(bob);
    await picture(bob, 'narrow-preview');
    await preview(bob).getByRole('button', { name: 'Start meeting' }).tap();
    await bob.getByRole('toolbar', { name: 'Meeting controls' }).waitFor();
    await fits(bob);
    for (const width of [375, 320]) {
      await bob.setViewportSize({ width, height: 667 });
      await fitInOneRow(bob.getByRole('toolbar', { name: 'Meeting controls' }), width);
    }
    await bob.setViewportSize(phone.viewport);
    await picture(bob, 'narrow-meeting');
    await bob.getByRole('button', { name: 'More' }).tap();
    await bob.getByRole('group', { name: 'Speaker' }).getByRole('menuitemradio').first().waitFor();
    await picture(bob, 'narrow-more');
    await bob.getByRole('menuitem', { name: 'End for all' }).tap();
    await bob.getByRole('dialog').getByRole('button', { name: 'End for all' }).tap();
    await bob.getByRole('button', { name: 'Start meeting' }).waitFor();
  });

  await test('on a phone held across, nothing that is needed lies below the screen', async () => {
    const viewport = { width: 667, height: 375 };
    const across = await browsers.page(2, server.origin, { ...phone, viewport });
    await across.getByRole('button', { name: 'Sign in' }).waitFor();
    assert.ok(await isOnScreen(across.getByRole('button', { name: 'Sign in' })));
    await across.setViewportSize({ width: 667, height: 200 });
    await across.mouse.move(300, 100);
    await across.mouse.wheel(0, 600);
    await eventually(() => isOnScreen(across.getByRole('button', { name: 'Sign in' })), 'the form scrolls');
    await across.setViewportSize(viewport);
    await signIn(across, 2);
    await groupRow(across, 'Demo').tap();
    await across.getByRole('button', { name: 'Start meeting' }).tap();
    await preview(across).getByLabel('Your camera’s picture').waitFor();
    await picture(across, 'across-preview');
    for (const part of [preview(across).locator('.prejoin-picture'), preview(across).getByRole('button', { name: 'Start meeting' })]) {
      assert.ok(await isOnScreen(part));
    }
    await preview(across).getByRole('button', { name: 'Start meeting' }).tap();
    await across.getByRole('toolbar', { name: 'Meeting controls' }).waitFor();
    await fitInOneRow(across.getByRole('toolbar', { name: 'Meeting controls' }), viewport.width);
    await picture(across, 'across-meeting');
    await across.getByRole('button', { name: 'Leave', exact: true }).tap();
  });

  await test('the appearance follows the system, and can be chosen', async () => {
    const background = () => alice.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await background();
    await alice.emulateMedia({ colorScheme: 'dark' });
    const dark = await background();
    assert.notEqual(dark, light);
    assert.ok(brightness(dark) < 60 && brightness(light) > 200);
    await picture(alice, 'dark-conversation');
    await alice.getByRole('button', { name: 'Settings' }).click();
    await alice.getByRole('menuitemradio', { name: 'Light' }).click();
    assert.equal(await background(), light);
    await alice.reload();
    await alice.getByRole('button', { name: 'Settings' }).waitFor();
    assert.equal(await background(), light);
  });

  await test('a browser set to Chinese is spoken to in Chinese, and the language can be changed', async () => {
    const carol = await browsers.page(3, server.origin, { locale: 'zh-CN' });
    await carol.getByLabel('用户名', { exact: true }).fill('carol');
    await carol.getByLabel('密码', { exact: true }).fill('wrong');
    await carol.getByRole('button', { name: '登录' }).click();
    await carol.getByText('用户名或密码错误。').waitFor();
    await carol.getByLabel('密码', { exact: true }).fill('turms');
    await carol.getByRole('button', { name: '登录' }).click();
    await carol.getByRole('link').filter({ hasText: 'Demo' }).click();
    await carol.getByRole('button', { name: '成员' }).waitFor();
    assert.equal(await carol.evaluate(() => document.documentElement.lang), 'zh-CN');
    await picture(carol, 'chinese');
    await carol.getByRole('button', { name: '设置' }).click();
    await carol.getByRole('menuitemradio', { name: 'English' }).click();
    await carol.getByRole('button', { name: 'Members' }).waitFor();
  });
}

async function fits(page) {
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 375, `the page is ${width} pixels wide`);
}

/** Each button is beside the others, within the width, and large enough for a finger. */
async function fitInOneRow(toolbar, width) {
  const boxes = await toolbar.getByRole('button').evaluateAll((buttons) =>
    buttons.map((button) => {
      const { left, right, top, bottom } = button.getBoundingClientRect();
      return { name: button.getAttribute('aria-label'), left, right, top, bottom };
    }),
  );
  assert.ok(boxes.length >= 6);
  for (const { name, left, right, top, bottom } of boxes) {
    assert.ok(left >= 0 && right <= width, `${name} is off the screen`);
    assert.ok(right - left >= 40 && bottom - top >= 40, `${name} is ${right - left} by ${bottom - top}`);
    assert.equal(top, boxes[0].top, `${name} is in another row`);
  }
}

function isOnScreen(locator) {
  return locator.evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return top >= 0 && bottom <= window.innerHeight;
  });
}

function brightness(colour) {
  const [red, green, blue] = colour.match(/\d+/g).map(Number);
  return (red + green + blue) / 3;
}
