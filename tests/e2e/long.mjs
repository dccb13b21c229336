// Measures a group with very many messages: node long.mjs [MESSAGES]
// Prints how long it takes to switch into it, and how even the frames are while it is scrolled through.
import { inGroup } from './lib/actions.mjs';
import { Browsers } from './lib/browser.mjs';
import { clientOf } from './lib/client.mjs';
import { startTurms } from './lib/server.mjs';

const count = Number(process.argv[2] ?? 100_000);
const atOnce = 200;
const switches = 15;
const scrolledMs = 10_000;

const server = await startTurms();
const browsers = new Browsers();
try {
  const page = await inGroup(browsers, server, 1);
  const groupId = BigInt(await page.evaluate(() => /g\/(\d+)/.exec(location.hash)[1]));
  await page.close();
  const client = await clientOf(server, 2n);
  const start = performance.now();
  for (let sent = 0; sent < count; sent += atOnce) {
    const texts = Array.from({ length: Math.min(atOnce, count - sent) }, (_, i) => `message ${sent + i} ${'of some words '.repeat(i % 6)}`);
    await Promise.all(texts.map((text) => client.messages.sendToGroup(groupId, text)));
  }
  client.signOut();
  console.log(`${count} messages were sent in ${((performance.now() - start) / 1000).toFixed(1)} s`);

  const reader = await inGroup(browsers, server, 1);
  await reader.getByRole('log').getByRole('article').first().waitFor();
  const spent = [];
  for (let i = 0; i < switches; i += 1) spent.push(await reader.evaluate(switching));
  console.log(`switching into the group: median ${median(spent)} ms, at most ${Math.round(Math.max(...spent))} ms, of ${switches}`);
  const { frames, rows } = await reader.evaluate(scrolling, scrolledMs);
  const even = frames.filter((ms) => ms < 1000 / 60 + 4).length;
  console.log(
    `scrolling for ${scrolledMs / 1000} s through ${rows} rows: ${Math.round((frames.length * 1000) / sum(frames))} frames a second, ` +
      `${((100 * even) / frames.length).toFixed(1)} % in time, the longest ${Math.round(Math.max(...frames))} ms`,
  );
} finally {
  await browsers.close();
  await server.stop();
}

function sum(numbers) {
  return numbers.reduce((total, each) => total + each, 0);
}

function median(numbers) {
  return Math.round([...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]);
}

/** From another conversation into the one that is open, until its rows are painted. */
async function switching() {
  const here = location.hash;
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  location.hash = '#/u/2';
  for (let i = 0; i < 30; i += 1) await frame();
  const start = performance.now();
  location.hash = here;
  do await frame();
  while (document.querySelectorAll('[role=log] [data-row]').length < 5);
  return performance.now() - start;
}

/** Scrolls up by half a screen in ten frames, as somebody does who looks for something; the milliseconds of each frame. */
async function scrolling(ms) {
  const log = document.querySelector('[role=log]');
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  const seen = new Set();
  const frames = [];
  let before = await frame();
  for (const end = before + ms; before < end; ) {
    log.scrollTop -= 35;
    const now = await frame();
    frames.push(now - before);
    before = now;
    for (const row of log.querySelectorAll('[data-row]')) seen.add(row.dataset.row);
  }
  return { frames, rows: seen.size };
}
