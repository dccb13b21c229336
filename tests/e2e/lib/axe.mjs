// Finds what keeps people with assistive technology out, by axe-core: WCAG 2.2 A and AA, in both themes.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

async function violations(page) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(source);
  const found = await page.evaluate(async (tags) => {
    // What fades in is not yet as it will be.
    await Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
    return (await window.axe.run(document, { runOnly: tags })).violations;
  }, rules);
  return found.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}

/** Fails with what axe finds on the page as it is now, light and dark. */
export async function isAccessible(page) {
  for (const colorScheme of ['dark', 'light']) {
    await page.emulateMedia({ colorScheme });
    assert.deepEqual(await violations(page), [], `what axe finds in the ${colorScheme} theme`);
  }
}
