// A process on the clients' side of a link: it serves the page on its own loopback address and drives a browser there. What
// it is asked comes by Node's channel to the parent: { id, op, ... }; it answers { id, value } or { id, error }.
import puppeteer from 'puppeteer-core';
import { chromiumArguments, chromiumPath, firefoxPath, serveBundle } from '../page.mjs';

const pages = [];
let browser;
let site;

async function launch({ kind, film, voice }) {
  site = await serveBundle();
  if (kind === 'firefox') {
    browser = await puppeteer.launch({
      browser: 'firefox',
      executablePath: firefoxPath,
      extraPrefsFirefox: {
        'media.navigator.streams.fake': true,
        'media.navigator.permission.disabled': true,
        'media.autoplay.default': 0,
      },
    });
    return;
  }
  browser = await puppeteer.launch({
    executablePath: chromiumPath,
    pipe: true,
    args: [
      ...chromiumArguments,
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // Several pages of one browser go on while one of them is in front.
      '--disable-background-timer-throttling',
      '--disable-renderer-backgrounding',
      '--disable-backgrounding-occluded-windows',
      ...(film ? [`--use-file-for-fake-video-capture=${film}`] : []),
      ...(voice ? [`--use-file-for-fake-audio-capture=${voice}`] : []),
    ],
  });
}

const operations = {
  launch,
  async open() {
    const page = await browser.newPage();
    page.setDefaultTimeout(30_000);
    await page.setViewport({ width: 1920, height: 1000 });
    await page.goto(`http://localhost:${site.address().port}/`);
    return pages.push(page) - 1;
  },
  evaluate: ({ page, source, args }) => pages[page].evaluate(`(${source})(...${JSON.stringify(args)})`),
  async close() {
    await browser?.close();
    site?.close();
  },
};

process.on('message', async ({ id, op, ...options }) => {
  try {
    process.send({ id, value: await operations[op](options) });
  } catch (error) {
    process.send({ id, error: `${error?.stack ?? error}` });
  }
});
process.on('disconnect', async () => {
  await operations.close().catch(() => {});
  process.exit();
});
