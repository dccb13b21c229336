// Takes the picture of a meeting that the README shows: node screenshot.mjs [FILE]
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answer, inGroup, message, seeCamera, send, startMeeting } from './lib/actions.mjs';
import { Browsers } from './lib/browser.mjs';
import { startTurms } from './lib/server.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const file = resolve(process.argv[2] ?? join(root, 'docs/images/meeting.png'));
const lines = [
  [2, 'Morning! The new tile layout is ready to look at.'],
  [3, 'Does it work on a phone, too?'],
  [2, 'Two tiles stack there, and a shared screen gets most of the room.'],
  [1, 'Then let us look at it together. I am starting the meeting.'],
];

const server = await startTurms();
const browsers = new Browsers({ width: 1280, height: 720, frames: 30, fps: 15 });
try {
  const size = { viewport: { width: 1280, height: 760 } };
  const pages = {};
  for (const user of [1, 2, 3]) pages[user] = await inGroup(browsers, server, user, 'Demo', size);
  for (const [user, text] of lines) {
    await send(pages[user], text);
    await message(pages[1], text).waitFor();
  }
  await startMeeting(pages[1]);
  await answer(pages[2]);
  await answer(pages[3]);
  // One speaks, and the others listen.
  for (const user of [1, 3]) await pages[user].getByRole('button', { name: 'Turn microphone off' }).click();
  for (const user of [1, 3]) await pages[user].getByRole('button', { name: /^Chat/ }).click();
  await send(pages[3], 'I can see both of you.');
  await message(pages[1], 'I can see both of you.').waitFor();
  for (const user of [2, 3]) {
    await seeCamera(pages[1], user);
    // The first pictures are small: wait for those of the size that the tile asks for.
    await pages[1].waitForFunction(
      (identity) => document.querySelector(`figure[data-identity="${identity}"] video`)?.videoWidth >= 640,
      user,
    );
  }
  await pages[1].locator('figure[data-identity="2"].is-speaking').waitFor();
  for (const user of [1, 3]) await pages[1].locator(`figure[data-identity="${user}"]:not(.is-speaking)`).waitFor();
  await pages[1].mouse.move(640, 30);
  await pages[1].evaluate(() => document.activeElement.blur());
  await mkdir(dirname(file), { recursive: true });
  await pages[1].screenshot({ path: file });
  console.log(file);
} finally {
  await browsers.close();
  await server.stop();
}
