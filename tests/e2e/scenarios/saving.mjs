import assert from 'node:assert/strict';
import { answer, controls, inGroup, ring, seeCamera, startMeeting, tile } from '../lib/actions.mjs';
import { receivedStreams } from '../lib/browser.mjs';
import { eventually } from '../lib/runner.mjs';

/** A device whose battery runs out does less, step by step, says so, and undoes it. */
export async function saving({ test, server, browsers, picture }) {
  const alice = await inGroup(browsers, server, 1);
  await alice.addInitScript(fakeBattery);
  await alice.reload();
  const bob = await inGroup(browsers, server, 2);
  const setBattery = (level, charging = false) => alice.evaluate(([l, c]) => window.e2eBattery(l, c), [level, charging]);
  const told = (text) => alice.locator('.device-failures').getByText(text);
  const sentBy = (user, page) => tile(page, user).locator('video').evaluate((video) => video.videoWidth);

  await startMeeting(alice);
  await ring(bob).waitFor();
  await answer(bob);
  await Promise.all([seeCamera(alice, 2), seeCamera(bob, 1)]);

  await test('a low battery sends and asks for smaller pictures, and says it once', async () => {
    await eventually(async () => (await sentBy(1, bob)) >= 640, 'the full picture at first');
    await setBattery(0.12);
    await told('spared further').waitFor();
    await eventually(async () => (await sentBy(1, bob)) <= 320, 'a small picture of alice');
    await picture(alice, 'spared');
    await Promise.all([seeCamera(alice, 2), seeCamera(bob, 1)]);
    await told('spared further').waitFor({ state: 'detached' });
    await setBattery(0.11);
    assert.equal(await told('spared further').count(), 0);
  });

  await test('an empty one leaves the sound alone', async () => {
    await setBattery(0.04);
    await told('sound only').waitFor();
    await tile(alice, 2).locator('video').waitFor({ state: 'detached' });
    await tile(bob, 1).locator('video').waitFor({ state: 'detached' });
    const energy = async () => (await receivedStreams(alice)).reduce((sum, { totalAudioEnergy = 0 }) => sum + totalAudioEnergy, 0);
    const before = await energy();
    await eventually(async () => (await energy()) > before, 'bob is still heard');
  });

  await test('charging undoes all of it', async () => {
    await setBattery(0.05, true);
    await told('not spared any more').waitFor();
    await controls(alice).getByRole('button', { name: 'Turn camera off' }).waitFor();
    await Promise.all([seeCamera(alice, 2), seeCamera(bob, 1)]);
    await eventually(async () => (await sentBy(1, bob)) >= 640, 'the full picture again');
  });

  await test('whoever wants no sparing has none', async () => {
    await alice.getByRole('button', { name: 'More', exact: true }).click();
    await alice.getByRole('group', { name: 'Spare the device' }).getByRole('menuitemradio', { name: 'Never' }).click();
    await setBattery(0.03);
    await seeCamera(alice, 2);
    assert.equal(await tile(bob, 1).locator('video').count(), 1);
  });
}

/** Runs in the page before its own code: a battery whose level a test sets. */
function fakeBattery() {
  const battery = Object.assign(new EventTarget(), { level: 1, charging: true });
  navigator.getBattery = async () => battery;
  window.e2eBattery = (level, charging) => {
    Object.assign(battery, { level, charging });
    battery.dispatchEvent(new Event('levelchange'));
  };
}
