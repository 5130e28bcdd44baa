// Has the activity page open while notes change, and fails where it does not show that by itself.
//
//   node activity.mjs CHROMIUM URL MORTISE
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chromium } from 'playwright-core';

const [executablePath, url, mortise] = process.argv.slice(2);

const browser = await chromium.launch({ executablePath });
try {
  const context = await browser.newContext({ baseURL: url, locale: 'en-US' });
  context.setDefaultTimeout(60000);
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  const entry = (position) => page.locator('#feed li').nth(position);
  const shows = async (position, change, title) => {
    await entry(position).filter({ hasText: title }).waitFor();
    assert.equal(await entry(position).locator('strong').textContent(), change);
    assert.equal(await entry(position).locator('span').textContent(), title);
  };
  const add = async (title) => (await page.request.post('/notes', { data: { title } })).json();

  await page.goto('/activity/');
  await page.getByText('Live.').waitFor();
  await page.getByText('Nothing has happened yet.').waitFor();

  const note = await add('<b>Milk</b> & bread');
  await shows(0, 'added', '<b>Milk</b> & bread');
  assert(await page.getByText('Nothing has happened yet.').isHidden());
  await page.request.patch(`/notes/${note.id}`, { data: { title: 'Butter' } });
  await shows(0, 'edited', 'Butter');
  await shows(1, 'added', '<b>Milk</b> & bread');
  await page.request.delete(`/notes/${note.id}`);
  await entry(2).waitFor();
  await shows(0, 'removed', 'Butter');

  execFileSync(mortise, ['disable', 'activity']);
  await page.getByText('Connection lost').waitFor();
  await add('Meanwhile');
  execFileSync(mortise, ['enable', 'activity']);
  await shows(0, 'added', 'Meanwhile');
  await page.getByText('Live.').waitFor();
  assert.equal(await page.locator('#feed li').count(), 4, 'nothing twice');
  assert.deepEqual(faults, []);
} finally {
  await browser.close();
}
