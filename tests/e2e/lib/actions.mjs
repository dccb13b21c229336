// What a person does on the page, in the words that the page shows in English.
import { whoseBackground } from './faces.mjs';
import { watchVideo } from './browser.mjs';

export const names = { 1: 'alice', 2: 'bob', 3: 'carol' };

export async function signIn(page, user) {
  await page.getByLabel('Name', { exact: true }).fill(names[user]);
  await page.getByLabel('Password', { exact: true }).fill('turms');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Conversations' }).waitFor();
}

export async function openGroup(page, name) {
  await groupRow(page, name).click();
  await page.getByRole('heading', { name, level: 2 }).waitFor();
}

export function groupRow(page, name) {
  return page.getByRole('navigation', { name: 'Conversations' }).getByRole('link').filter({ hasText: name });
}

/** A page of the user with the group open. */
export async function inGroup(browsers, server, user, group = 'Demo', options = {}) {
  const page = await browsers.page(user, server.origin, options);
  await signIn(page, user);
  await openGroup(page, group);
  return page;
}

export async function send(page, text) {
  const field = page.getByRole('textbox', { name: /^Write to/ });
  await field.fill(text);
  await field.press('Enter');
}

export function message(page, text) {
  return page.getByRole('log').getByRole('article').filter({ hasText: text });
}

export async function startMeeting(page) {
  await page.getByRole('button', { name: 'Start meeting' }).click();
  await passPreview(page);
}

export function preview(page) {
  return page.locator('dialog.prejoin');
}

/** Through the step before a meeting, into it. */
export async function passPreview(page) {
  await preview(page)
    .getByRole('button', { name: /^(Join|Start meeting)$/ })
    .click();
  await controls(page).waitFor();
}

export function ring(page) {
  return page.getByRole('alert').filter({ hasText: 'is calling' });
}

/** Joins from the banner that rings. */
export async function answer(page) {
  await ring(page).getByRole('button', { name: 'Join' }).click();
  await passPreview(page);
}

export function controls(page) {
  return page.getByRole('toolbar', { name: 'Meeting controls' });
}

export function tile(page, user, kind = 'camera') {
  return page.locator(`figure[data-identity="${user}"][data-kind="${kind}"]`);
}

/** Waits until the page shows the moving picture of that user's camera; returns what was seen. */
export async function seeCamera(page, user) {
  const video = tile(page, user).locator('video');
  await video.waitFor();
  const seen = await watchVideo(video);
  const whose = whoseBackground(seen.colour);
  if (whose !== `${user}`) {
    throw new Error(`the tile of user ${user} shows the picture of user ${whose} (colour ${seen.colour})`);
  }
  if (seen.frames < 1) throw new Error('no frame was presented');
  return seen;
}

/** The list of who is in the meeting, as the conversation shows it to those outside. */
export function liveList(page) {
  return page.getByRole('region', { name: 'Meeting', exact: true }).getByRole('listitem');
}

/** The names in the list of those who are in the meeting. */
export async function liveNames(page) {
  return (await liveList(page).allInnerTexts()).map((text) => text.trim().split('\n').at(-1)).sort();
}
