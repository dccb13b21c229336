import assert from 'node:assert/strict';
import {
  answer,
  controls,
  inGroup,
  liveList,
  liveNames,
  message,
  passPreview,
  preview,
  ring,
  seeCamera,
  send,
  startMeeting,
  tile,
} from '../lib/actions.mjs';
import { receivedStreams } from '../lib/browser.mjs';
import { clientOf } from '../lib/client.mjs';
import { eventually } from '../lib/runner.mjs';
import { overhear } from '../lib/signalling.mjs';

/**
 * The main story: a meeting of a group, from its start to its end. The server compares its list of participants with
 * the media server's only rarely here, so that what arrives in time was told rather than found out later.
 */
export async function meeting({ test, server, browsers, note }) {
  const alice = await inGroup(browsers, server, 1);
  const bob = await inGroup(browsers, server, 2);
  const carol = await inGroup(browsers, server, 3);
  const hears = (page, others) =>
    eventually(async () => {
      const sounds = (await receivedStreams(page)).filter(({ kind, totalAudioEnergy }) => kind === 'audio' && totalAudioEnergy > 0);
      return sounds.length === others;
    }, `sound of ${others} others`);
  let tokenOfCarol;
  carol.on('websocket', (socket) => {
    const token = new URL(socket.url()).searchParams.get('access_token');
    if (token) tokenOfCarol = token;
  });

  await test('a meeting started from the group rings at the other members', async () => {
    await startMeeting(alice);
    await alice.getByText('You are the only one here.').waitFor();
    await Promise.all([ring(bob).getByText('alice is calling').waitFor(), ring(carol).getByText('alice is calling').waitFor()]);
  });

  await test('the keyboard alone answers, and two see each other', async () => {
    const join = ring(bob).getByRole('button', { name: 'Join' });
    await join.focus();
    await bob.keyboard.press('Enter');
    await preview(bob).getByLabel('Your camera’s picture').waitFor();
    await bob.keyboard.press('Enter');
    await controls(bob).waitFor();
    const start = Date.now();
    const [inAlice, inBob] = await Promise.all([seeCamera(alice, 2), seeCamera(bob, 1)]);
    note(`joined to moving picture on both sides: ${Date.now() - start} ms`);
    assert.ok(inAlice.width > 0 && inBob.width > 0);
  });

  await test('the browser decodes what it shows, and both hear each other', async () => {
    for (const page of [alice, bob]) {
      const before = await decodedFrames(page);
      await eventually(async () => (await decodedFrames(page)) > before + 10, 'more decoded frames');
    }
    await Promise.all([hears(alice, 1), hears(bob, 1)]);
  });

  await test('who is outside sees live who is in it, and what they have on', async () => {
    await eventually(async () => `${await liveNames(carol)}` === 'alice,bob', 'alice and bob in the list');
    const ofBob = liveList(carol).filter({ hasText: 'bob' });
    await ofBob.getByRole('img', { name: 'microphone on' }).waitFor();
    await ofBob.getByRole('img', { name: 'camera on' }).waitFor();
    await bob.keyboard.press('Control+d');
    await ofBob.getByRole('img', { name: 'microphone off' }).waitFor();
    await tile(alice, 2).getByRole('img', { name: 'microphone off' }).waitFor();
    await bob.keyboard.press('Control+e');
    await ofBob.getByRole('img', { name: 'camera on' }).waitFor({ state: 'detached' });
    await tile(alice, 2).locator('video').waitFor({ state: 'detached' });
    await bob.keyboard.press('Control+d');
    await bob.keyboard.press('Control+e');
    await ofBob.getByRole('img', { name: 'microphone on' }).waitFor();
    await seeCamera(alice, 2);
  });

  await test('a third joins, and each sees and hears the two others', async () => {
    await answer(carol);
    await Promise.all([
      seeCamera(carol, 1),
      seeCamera(carol, 2),
      seeCamera(alice, 2),
      seeCamera(alice, 3),
      seeCamera(bob, 1),
      seeCamera(bob, 3),
    ]);
    await Promise.all([hears(alice, 2), hears(bob, 2), hears(carol, 2)]);
  });

  await test('whoever speaks is highlighted', async () => {
    await alice.getByRole('figure', { name: /, speaking$/ }).first().waitFor();
  });

  await test('another microphone is chosen in the meeting', async () => {
    const devices = bob.getByRole('button', { name: 'Microphone: Choose devices' });
    await devices.click();
    const inputs = bob.getByRole('group', { name: 'Microphone' }).getByRole('menuitemradio');
    await inputs.first().waitFor();
    const other = await inputs.last().textContent();
    assert.equal(await inputs.last().getAttribute('aria-checked'), 'false');
    await inputs.last().click();
    await eventually(async () => {
      await devices.click();
      await inputs.first().waitFor();
      const chosen = await bob.getByRole('menuitemradio', { name: other, checked: true }).count();
      await bob.keyboard.press('Escape');
      return chosen === 1;
    }, `${other} in use`);
  });

  await test('messages go on beside the meeting', async () => {
    await alice.getByRole('button', { name: /^Chat/ }).click();
    await send(alice, 'written in the meeting');
    await bob.getByRole('button', { name: /^Chat/ }).click();
    await message(bob, 'written in the meeting').waitFor();
    for (const page of [alice, bob]) {
      await page.getByRole('complementary', { name: 'Chat' }).getByRole('button', { name: 'Close' }).click();
    }
  });

  await test('a shared screen is shown large to the others', async () => {
    await bob.getByRole('button', { name: 'Share screen' }).click();
    const screen = tile(alice, 2, 'screen');
    await screen.locator('video').waitFor();
    await eventually(() => screen.locator('video').evaluate((video) => video.videoWidth > 0), 'a picture of the screen');
    assert.ok(await screen.evaluate((element) => element.classList.contains('is-large')));
    await controls(bob).getByRole('button', { name: 'Stop sharing' }).click();
    await screen.waitFor({ state: 'detached' });
  });

  const signalling = await overhear(bob);
  await test('a page loaded anew in the meeting comes back into it', async () => {
    await bob.reload();
    await controls(bob).waitFor();
    await Promise.all([seeCamera(bob, 1), seeCamera(bob, 3), seeCamera(alice, 2), seeCamera(carol, 2)]);
    await hears(bob, 2);
  });

  await test('a weak connection is shown as long as it is one', async () => {
    const sign = tile(bob, 1).getByRole('img', { name: 'weak connection' });
    assert.equal(await sign.count(), 0);
    signalling.sayQuality(1, true);
    await sign.waitFor();
    signalling.sayQuality(1, false);
    await sign.waitFor({ state: 'detached' });
  });

  await test('the conversation can be read without leaving the meeting', async () => {
    await bob.getByRole('button', { name: 'Back to the conversation' }).click();
    await eventually(async () => `${await liveNames(bob)}` === 'alice,bob,carol', 'all three in the list');
    await seeCamera(alice, 2);
    await bob.getByRole('region', { name: 'In a meeting' }).getByRole('button', { name: 'Return' }).click();
    await seeCamera(bob, 1);
  });

  await test('a microphone turned off beside the meeting stays off when the page is loaded anew', async () => {
    await bob.getByRole('button', { name: 'Back to the conversation' }).click();
    const bar = bob.getByRole('region', { name: 'In a meeting' });
    await bar.getByRole('button', { name: 'Turn microphone off' }).click();
    await tile(alice, 2).getByRole('img', { name: 'microphone off' }).waitFor();
    await bob.reload();
    await controls(bob).waitFor();
    await Promise.all([seeCamera(bob, 1), seeCamera(alice, 2)]);
    await tile(alice, 2).getByRole('img', { name: 'microphone off' }).waitFor();
    await bob.getByRole('button', { name: 'Turn microphone on' }).click();
    await tile(alice, 2).getByRole('img', { name: 'microphone off' }).waitFor({ state: 'detached' });
  });

  await test('a mute in the group takes the microphone', async () => {
    await openPeople(alice);
    await memberAction(alice, 'bob', 'Mute for an hour');
    await tile(alice, 2).getByRole('img', { name: 'microphone off' }).waitFor();
    await bob.getByText('You are muted in this group.').waitFor();
    assert.ok(await bob.getByRole('button', { name: 'Turn microphone on' }).isDisabled());
    await memberAction(alice, 'bob', 'Unmute');
    await bob.getByText('You are muted in this group.').waitFor({ state: 'detached' });
    await bob.getByRole('button', { name: 'Turn microphone on' }).click();
    await tile(alice, 2).getByRole('img', { name: 'microphone off' }).waitFor({ state: 'detached' });
  });

  await test('a member removed from the group leaves the meeting at once', async () => {
    const start = Date.now();
    await memberAction(alice, 'carol', 'Remove from the group', async () => {
      const dialog = alice.getByRole('dialog');
      await dialog.getByRole('button', { name: 'Remove from the group' }).click();
    });
    await carol.getByText('You were removed from the meeting.').waitFor();
    const told = Date.now() - start;
    await tile(alice, 3).waitFor({ state: 'detached' });
    note(`removed: told after ${told} ms, gone for the others after ${Date.now() - start} ms`);
    await controls(carol).waitFor({ state: 'detached' });
    await carol.getByText('Nothing here yet.').waitFor();
  });

  await test('who was removed does not get in again', async () => {
    const client = await clientOf(server, 3n);
    try {
      const state = await eventually(async () => {
        const owner = await clientOf(server, 1n);
        const group = (await owner.groups.joined()).find(({ name }) => name === 'Demo');
        const [live] = await owner.meetings.liveInGroup(group.id);
        owner.signOut();
        return live;
      }, 'the meeting');
      assert.deepEqual(state.participants.map(({ userId }) => userId).sort(), [1n, 2n]);
      await assert.rejects(client.meetings.join(state.id), { kind: 'refused', code: 8205 });
    } finally {
      client.signOut();
    }
  });

  await test('the token from before the removal does not bring one back', async () => {
    assert.ok(tokenOfCarol);
    const base = server.mediaUrl ?? server.origin.replace('http', 'ws');
    const url = `${base}/rtc?access_token=${tokenOfCarol}&protocol=15&sdk=js&version=2.23.0&auto_subscribe=1`;
    await carol.evaluate(
      (address) =>
        new Promise((done, fail) => {
          const socket = new WebSocket(address);
          socket.onclose = done;
          setTimeout(() => fail(new Error('still connected')), 8000);
        }),
      url,
    );
    await eventually(async () => (await tile(alice, 3).count()) === 0, 'carol is not in the meeting');
  });

  await test('whoever leaves is gone from the list, and may come back', async () => {
    await bob.getByRole('button', { name: 'Leave', exact: true }).click();
    await eventually(async () => `${await liveNames(bob)}` === 'alice', 'only alice in the list');
    await tile(alice, 2).waitFor({ state: 'detached' });
    await bob.getByRole('region', { name: 'Meeting', exact: true }).getByRole('button', { name: 'Join' }).click();
    await passPreview(bob);
    await seeCamera(bob, 1);
  });

  await test('the end for all ends it for everybody', async () => {
    await alice.getByRole('button', { name: 'Leave or end' }).click();
    await alice.getByRole('menuitem', { name: 'End for all' }).click();
    await alice.getByRole('dialog').getByRole('button', { name: 'End for all' }).click();
    await bob.getByText('The meeting has ended.').waitFor();
    for (const page of [alice, bob]) {
      await page.getByText('Ended after').first().waitFor();
      await page.getByRole('button', { name: 'Start meeting' }).waitFor();
    }
    assert.equal(await alice.getByText('The meeting has ended.').count(), 0, 'who ended it need not be told');
  });
}

async function decodedFrames(page) {
  const streams = await receivedStreams(page);
  return streams.reduce((sum, { framesDecoded = 0 }) => sum + framesDecoded, 0);
}

async function openPeople(page) {
  await page.getByRole('button', { name: /^People/ }).click();
  await page.getByRole('complementary', { name: 'People' }).waitFor();
}

async function memberAction(page, name, action, confirm = async () => {}) {
  await page.getByRole('button', { name: `Actions for ${name}` }).click();
  await page.getByRole('menuitem', { name: action }).click();
  await confirm();
}

