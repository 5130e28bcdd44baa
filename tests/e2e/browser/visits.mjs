// Visits the boutique in a browser, as a person would, and fails at the first thing that is not as it should be.
//
//   node visits.mjs CHROMIUM URL [--while FILE] [--shots FOLDER]
//
// On a phone and on a desktop, without and with scripts, once; with --while, again and again until that file is gone.
// --shots keeps pictures of the pages.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

import { Visit } from './visit.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { while: { type: 'string' }, shots: { type: 'string' } },
});
const [executablePath, url] = positionals;

const screens = [
  { name: 'phone', viewport: { width: 360, height: 740 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  { name: 'desktop', viewport: { width: 1280, height: 900 } },
];

const browser = await chromium.launch({ executablePath });
let visits = 0;
try {
  do {
    for (const { name, ...screen } of screens) {
      for (const javaScriptEnabled of [false, true]) {
        const context = await browser.newContext({ ...screen, javaScriptEnabled, baseURL: url, locale: 'en-US' });
        context.setDefaultTimeout(60000);
        try {
          await new Visit(await context.newPage(), values.shots && `${values.shots}/${name}`).run();
        } catch (failure) {
          failure.message = `${name}, scripts ${javaScriptEnabled ? 'on' : 'off'}: ${failure.message}`;
          throw failure;
        } finally {
          await context.close();
        }
        ++visits;
      }
    }
  } while (values.while && existsSync(values.while));
} finally {
  await browser.close();
}
assert(visits >= 4);
console.log(`${visits} visits`);
