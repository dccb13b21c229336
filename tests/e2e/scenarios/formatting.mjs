import assert from 'node:assert/strict';
import { groupRow, inGroup, message, send } from '../lib/actions.mjs';
import { isAccessible } from '../lib/axe.mjs';
import { eventually } from '../lib/runner.mjs';

/** Marks in messages, and hostile ones. */
export async function formatting({ test, server, browsers, picture }) {
  const alice = await inGroup(browsers, server, 1);
  const bob = await inGroup(browsers, server, 2, 'Demo', { permissions: ['camera', 'microphone', 'clipboard-read', 'clipboard-write'] });

  await test('marks are shown as what they mean, to the other one too', async () => {
    await send(alice, '**bold** *slanted* ~~gone~~ `code` and [a page](https://example.com/a)');
    const row = message(bob, 'slanted');
    await row.locator('strong', { hasText: 'bold' }).last().waitFor();
    for (const [element, text] of [['em', 'slanted'], ['del', 'gone'], ['code', 'code']]) {
      assert.equal(await row.locator(element).innerText(), text);
    }
    const link = row.getByRole('link', { name: 'a page' });
    assert.equal(await link.getAttribute('href'), 'https://example.com/a');
    assert.equal(await link.getAttribute('rel'), 'noopener noreferrer');
    await groupRow(bob, 'bold slanted gone code and a page').waitFor();
  });

  await test('code is copied as it was written', async () => {
    const code = 'if (a < b) {\n  say("**no**");\n}';
    await send(alice, `look:\n\`\`\`js\n${code}\n\`\`\``);
    const row = message(bob, 'say(');
    assert.equal(await row.locator('pre').innerText(), code);
    await row.getByRole('button', { name: 'Copy code' }).click();
    await row.getByText('Copied').waitFor();
    assert.equal(await bob.evaluate(() => navigator.clipboard.readText()), code);
  });

  await test('lists and quotes', async () => {
    await send(alice, '> said before\n\nto do:\n- first\n- second\n  1. within');
    const row = message(bob, 'to do');
    assert.equal(await row.locator('blockquote').innerText(), 'said before');
    assert.equal(await row.getByRole('listitem').count(), 3);
    await send(bob, 'thanks');
    await message(alice, 'thanks').waitFor();
  });

  await test('hostile texts are only text', async () => {
    const hostile = [
      '<img src=x onerror="document.title=1"><script>document.title=2</script>',
      '[press](javascript:document.title=3)',
      '[https://example.com](https://evil.example/)',
      '**bold\u202e[x](data:text/html,4)**',
    ];
    for (const text of hostile) await send(alice, text);
    await message(bob, 'data:text').waitFor();
    const links = await bob.getByRole('log').getByRole('link').evaluateAll((all) => all.map(({ href }) => href));
    assert.deepEqual(links.filter((href) => !/^https:/.test(href)), []);
    assert.ok(!links.includes('javascript:document.title=3'));
    assert.equal(await bob.getByRole('log').locator('img, script').count(), 0);
    assert.match(await bob.title(), /Turms/);
    await message(bob, '[https://example.com]').waitFor();
  });

  await test('nothing of it keeps anybody out, light and dark', async () => {
    await eventually(async () => (await alice.locator('article.is-sending').count()) === 0, 'all are sent');
    await isAccessible(bob);
    await picture(bob, 'formatting');
    await bob.emulateMedia({ colorScheme: 'dark' });
    await picture(bob, 'formatting-dark');
    await bob.setViewportSize({ width: 375, height: 700 });
    await picture(bob, 'formatting-narrow');
    assert.ok((await bob.evaluate(() => document.documentElement.scrollWidth)) <= 375);
  });
}
