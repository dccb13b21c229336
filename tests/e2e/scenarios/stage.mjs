import assert from 'node:assert/strict';
import { answer, controls, inGroup, ring, seeCamera, startMeeting, tile } from '../lib/actions.mjs';
import { eventually } from '../lib/runner.mjs';

/** How a meeting is seen: layouts, pages, one's own picture, what is shared, and what is told to who does not see it. */
export async function stage({ test, server, browsers, picture }) {
  const alice = await inGroup(browsers, server, 1);
  const bob = await inGroup(browsers, server, 2);
  const carol = await inGroup(browsers, server, 3);
  const told = alice.locator('[data-announcer]');

  await test('three are in a grid, and who comes is told in one sentence', async () => {
    await startMeeting(alice);
    await Promise.all([bob, carol].map((page) => ring(page).waitFor()));
    await Promise.all([answer(bob), answer(carol)]);
    await Promise.all([seeCamera(alice, 2), seeCamera(alice, 3)]);
    await eventually(async () => /joined\./.test(await told.textContent()), 'who joined is told');
    await picture(alice, 'grid');
  });

  await test('tiles go to their places without being made anew', async () => {
    await tile(alice, 2).locator('video').evaluate((video) => {
      video.mark = 'same';
    });
    await tile(alice, 2).getByRole('button', { name: 'Show large' }).click();
    assert.ok(await tile(alice, 2).evaluate((element) => element.classList.contains('is-large')));
    assert.equal(await tile(alice, 2).locator('video').evaluate((video) => video.mark), 'same');
    await seeCamera(alice, 2);
    await tile(alice, 2).getByRole('button', { name: 'Show in the grid' }).click();
    await eventually(async () => !(await tile(alice, 2).evaluate((element) => element.classList.contains('is-large'))), 'the grid');
  });

  await test('who speaks on the second page comes to the first, and only two change places', async () => {
    for (const page of [alice, bob, carol]) await mute(page);
    await eventually(async () => (await alice.locator('figure.is-speaking').count()) === 0, 'nobody speaks');
    await choose(alice, 'Pictures on a page', '2');
    await alice.getByText('Page 1 of 2').waitFor();
    const [hidden, shown] = (await tile(alice, 2).count()) === 0 ? [2, 3] : [3, 2];
    const page = { 2: bob, 3: carol }[hidden];
    assert.equal(await tile(alice, hidden).count(), 0);
    await page.getByRole('button', { name: 'Turn microphone on' }).click();
    await tile(alice, hidden).waitFor();
    await seeCamera(alice, hidden);
    assert.equal(await tile(alice, shown).count(), 0);
    await alice.getByRole('button', { name: 'Next page' }).click();
    await seeCamera(alice, shown);
    assert.equal(await tile(alice, hidden).count(), 0);
    await alice.getByRole('button', { name: 'Previous page' }).click();
  });

  await test('no video comes for a picture that is on no page in sight', async () => {
    await tile(alice, 1).waitFor();
    const [shown, hidden] = (await tile(alice, 2).count()) === 1 ? [2, 3] : [3, 2];
    await seeCamera(alice, shown);
    await eventually(async () => {
      const before = await framesByUser(alice);
      await seeCamera(alice, shown);
      const after = await framesByUser(alice);
      return after.total > before.total && after.streams.filter((frames, i) => frames > (before.streams[i] ?? 0)).length === 1;
    }, `video of user ${shown} alone, and none of user ${hidden}`);
    await choose(alice, 'Pictures on a page', 'As many as fit');
    await Promise.all([seeCamera(alice, 2), seeCamera(alice, 3)]);
  });

  await test('in the layout of the speaker who speaks is large', async () => {
    await choose(alice, 'Layout', 'Whoever speaks large');
    const speaker = alice.locator('figure.is-large');
    await speaker.waitFor();
    const large = await speaker.getAttribute('data-identity');
    const [next, page] = large === '2' ? ['3', carol] : ['2', bob];
    await mute({ 2: bob, 3: carol }[large]);
    await unmute(page);
    await alice.locator(`figure.is-large[data-identity="${next}"]`).waitFor();
    await picture(alice, 'speaker');
    await choose(alice, 'Layout', 'Grid, with what is shared large');
    await speaker.waitFor({ state: 'detached' });
  });

  await test("one's own picture hides, floats and is mirrored as one wants, and the others see it all the same", async () => {
    const own = tile(alice, 1);
    const isMirrored = () => own.locator('video').evaluate((video) => getComputedStyle(video).transform.startsWith('matrix(-1'));
    await eventually(isMirrored, 'mirrored at first');
    await choose(alice, 'My picture', 'Mirrored for me');
    await eventually(async () => !(await isMirrored()), 'not mirrored');
    await choose(alice, 'My picture', 'Mirrored for me');
    await choose(alice, 'My picture', 'Small');
    await eventually(async () => (await width(own)) < (await width(tile(alice, 2))) / 2, 'a small picture');
    await picture(alice, 'self-small');
    await choose(alice, 'My picture', 'Hidden');
    await own.waitFor({ state: 'detached' });
    await seeCamera(bob, 1);
    await choose(alice, 'My picture', 'Among the others');
    await own.waitFor();
  });

  await test('space is held to talk, and only where it means nothing else', async () => {
    if (await bob.getByRole('button', { name: 'Turn microphone off' }).count()) await mute(bob);
    await bob.locator('.meeting h1').focus();
    await bob.keyboard.down('Space');
    await tile(alice, 2).getByRole('img', { name: 'microphone off' }).waitFor({ state: 'detached' });
    await bob.keyboard.up('Space');
    await tile(alice, 2).getByRole('img', { name: 'microphone off' }).waitFor();
    await bob.getByRole('button', { name: /^Chat/ }).click();
    const field = bob.getByRole('textbox', { name: /^Write to/ });
    await field.focus();
    await bob.keyboard.press('Space');
    assert.equal(await field.inputValue(), ' ');
    await bob.getByRole('button', { name: 'Turn microphone on' }).waitFor();
    await field.fill('');
    await bob.getByRole('complementary', { name: 'Chat' }).getByRole('button', { name: 'Close' }).click();
  });

  await test('a raised hand is seen and told, and goes down again', async () => {
    const raise = async () => {
      await bob.getByRole('button', { name: 'More', exact: true }).click();
      await bob.getByRole('menuitemcheckbox', { name: 'Raise hand' }).click();
    };
    await raise();
    await tile(alice, 2).getByRole('img', { name: 'hand raised' }).waitFor();
    await eventually(async () => (await told.textContent()).includes('bob raised a hand.'), 'it is told');
    await raise();
    await tile(alice, 2).getByRole('img', { name: 'hand raised' }).waitFor({ state: 'detached' });
  });

  await test('people are found by name, and each is as loud as one wants', async () => {
    await alice.getByRole('button', { name: /^People/ }).click();
    const panel = alice.getByRole('complementary', { name: 'People' });
    await panel.getByRole('searchbox', { name: 'Find people' }).fill('BO');
    assert.deepEqual(await panel.getByRole('slider').evaluateAll((all) => all.map((each) => each.ariaLabel)), ['Volume of bob']);
    await panel.getByRole('slider', { name: 'Volume of bob' }).fill('0');
    await eventually(() => alice.evaluate(() => [...document.querySelectorAll('audio')].some(({ volume }) => volume === 0)), 'bob is silent');
    assert.ok(await alice.evaluate(() => [...document.querySelectorAll('audio')].some(({ volume }) => volume === 1)), 'and carol is not');
    await picture(alice, 'people');
    await panel.getByRole('slider', { name: 'Volume of bob' }).fill('100');
    await panel.getByRole('button', { name: 'Close' }).click();
  });

  await test('what is shared is large beside the people, and goes back into the grid and out of it', async () => {
    await bob.getByRole('button', { name: 'Share screen' }).click();
    const screen = tile(alice, 2, 'screen');
    await screen.locator('video').waitFor();
    await eventually(() => screen.evaluate((element) => element.classList.contains('is-large')), 'the screen is large');
    await eventually(async () => /is sharing a screen/.test(await told.textContent()), 'it is told');
    await seeCamera(alice, 2);
    await picture(alice, 'shared');
    await screen.getByRole('button', { name: 'Show in the grid' }).click();
    await eventually(async () => (await alice.locator('figure.is-large').count()) === 0, 'the grid');
    await screen.getByRole('button', { name: 'Show large' }).click();
    await eventually(() => screen.evaluate((element) => element.classList.contains('is-large')), 'the screen is large again');
  });

  await test('who shares sees a sign of it in place of the own screen', async () => {
    await bob.getByText('You are presenting your screen to everybody.').waitFor();
    assert.equal(await tile(bob, 2, 'screen').count(), 0);
    await picture(bob, 'presenting');
    await bob.locator('.presenting').getByRole('button', { name: 'Stop sharing' }).click();
    await bob.getByText('You are presenting').waitFor({ state: 'detached' });
    await tile(alice, 2, 'screen').waitFor({ state: 'detached' });
    await eventually(async () => /stopped sharing/.test(await told.textContent()), 'it is told');
  });

  await test('the whole screen, and back', async () => {
    await choose(alice, undefined, 'Full screen');
    await eventually(() => alice.evaluate(() => document.fullscreenElement !== null), 'full screen');
    await choose(alice, undefined, 'Full screen');
    await eventually(() => alice.evaluate(() => document.fullscreenElement === null), 'the window');
  });

  await test('on a phone name, face and button of a picture do not lie over each other', async () => {
    for (const viewport of [
      { width: 375, height: 667 },
      { width: 320, height: 568 },
      { width: 667, height: 375 },
    ]) {
      await carol.setViewportSize(viewport);
      if (await carol.getByRole('button', { name: 'Turn camera off' }).count()) await carol.getByRole('button', { name: 'Turn camera off' }).click();
      await tile(carol, 3).locator('.tile-empty').waitFor();
      await eventually(async () => (await overlaps(carol)).length === 0, `nothing overlaps at ${viewport.width}`).catch(async (error) => {
        throw new Error(`${error.message}: ${JSON.stringify(await overlaps(carol))}`);
      });
      await picture(carol, `phone-${viewport.width}`);
    }
    await carol.setViewportSize({ width: 1280, height: 800 });
  });

  await test('a light page is dark in the meeting all over', async () => {
    await alice.emulateMedia({ colorScheme: 'light' });
    const [page, banner] = await alice.evaluate(() => {
      const { color } = getComputedStyle(document.querySelector('.meeting h1'));
      const probe = document.createElement('div');
      probe.className = 'banner';
      document.querySelector('.meeting-page > div').append(probe);
      const { backgroundColor } = getComputedStyle(probe);
      probe.remove();
      return [color, backgroundColor];
    });
    assert.ok(brightness(page) > 200, page);
    assert.ok(brightness(banner) < 90, banner);
  });

  await test('who leaves is told', async () => {
    await carol.getByRole('button', { name: 'Leave', exact: true }).click();
    await eventually(async () => (await told.textContent()).includes('carol left.'), 'carol left');
    await controls(alice).waitFor();
  });
}

async function choose(page, group, name) {
  await page.getByRole('button', { name: 'View', exact: true }).click();
  const within = group === undefined ? page : page.getByRole('group', { name: group });
  await within.locator('[role^=menuitem]').filter({ hasText: new RegExp(`^${name}$`) }).click();
}

async function mute(page) {
  await page.getByRole('button', { name: 'Turn microphone off' }).click();
  await page.getByRole('button', { name: 'Turn microphone on' }).waitFor();
}

async function unmute(page) {
  await page.getByRole('button', { name: 'Turn microphone on' }).click();
  await page.getByRole('button', { name: 'Turn microphone off' }).waitFor();
}

async function width(locator) {
  return (await locator.boundingBox()).width;
}

/** How many frames each received video has decoded. */
async function framesByUser(page) {
  const streams = await page.evaluate(async () => {
    const found = [];
    for (const peer of window.e2ePeers) {
      if (peer.connectionState === 'closed') continue;
      for (const stats of (await peer.getStats()).values()) {
        if (stats.type === 'inbound-rtp' && stats.kind === 'video') found.push([stats.id, stats.framesDecoded ?? 0]);
      }
    }
    return found.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, frames]) => frames);
  });
  return { streams, total: streams.reduce((sum, frames) => sum + frames, 0) };
}

/** Pairs of parts of a tile that lie over each other, or out of it. */
function overlaps(page) {
  return page.evaluate(() => {
    const found = [];
    const isVisible = (element) => Number(getComputedStyle(element).opacity) > 0;
    for (const figure of document.querySelectorAll('figure.tile')) {
      const parts = [...figure.querySelectorAll('.avatar, figcaption, .tile-pin')].filter(isVisible);
      const frame = figure.getBoundingClientRect();
      const boxes = parts.map((part) => ({ name: part.className || part.tagName, ...part.getBoundingClientRect().toJSON() }));
      for (const [index, a] of boxes.entries()) {
        if (a.left < frame.left - 1 || a.right > frame.right + 1 || a.top < frame.top - 1 || a.bottom > frame.bottom + 1) found.push([a.name, 'outside']);
        for (const b of boxes.slice(index + 1)) {
          if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) found.push([a.name, b.name]);
        }
      }
    }
    return found;
  });
}

function brightness(colour) {
  const [red, green, blue] = colour.match(/\d+/g).map(Number);
  return (red + green + blue) / 3;
}
