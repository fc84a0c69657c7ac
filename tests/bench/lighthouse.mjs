/** Lighthouse's scores of the built site, served compressed, and of each score below 100 what took it down. Of three runs the middle one by its performance, as Lighthouse's
 * own documentation asks: what else runs on the machine takes some points off one run in several. `node tests/bench/lighthouse.mjs gpu.html,zero.html
 * phone` for some of the pages, on one device. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { readdirSync, readFileSync } from 'node:fs';

import { root, serve } from '../web/harness.mjs';
import { note } from './print.mjs';

const PAGES = ['', 'learn.html', 'validation.html', 'zero.html', 'accumulation.html', 'gpu.html'];
const [pages = PAGES, devices = ['phone', 'desktop']] = process.argv.slice(2).map((list) => list.split(',').map((name) => name.replace(/^index\.html$/, '')));
const require = createRequire(join(root, 'build/lighthouse/package.json'));
const load = async (name) => import(pathToFileURL(require.resolve(name)).href);
const { default: lighthouse } = await load('lighthouse');
const { default: desktop } = await load('lighthouse/core/config/desktop-config.js');
const { launch } = await load('chrome-launcher');

const dist = join(root, 'web/dist');
/* As a static host does it: compressed, and kept for long where the name changes with the content. Compressed beforehand: this machine's cores are the page's. */
const compressed = (path) => /\.(?:html|js|css|wasm|json|svg|webmanifest)$/.test(path);
const files = new Map(readdirSync(dist, { recursive: true }).filter(compressed).map((path) => [path, gzipSync(readFileSync(join(dist, path)))]));
/* What the server calls the folder itself. */
files.set('.', files.get('index.html'));
const host = {
  headers: (path) => ({
    ...(files.has(path) && { 'content-encoding': 'gzip' }),
    'cache-control': path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
  }),
  instead: (path) => files.get(path),
};
const { address, close } = await serve('/', host);
const chrome = await launch({ chromePath: process.env.CHROMIUM ?? '/usr/bin/chromium', chromeFlags: ['--headless=new', '--no-sandbox'] });

const NAMES = ['performance', 'accessibility', 'best practices', 'SEO'];
console.log(`  ${'page'.padEnd(20)}${'on'.padEnd(9)}${NAMES.map((name) => name.padStart(16)).join('')}`);
const lowest = new Map();
for (const page of pages) {
  for (const device of devices) {
    const config = device === 'desktop' ? desktop : undefined;
    const runs = [];
    for (let i = 0; i < 3; i++) runs.push((await lighthouse(address + page, { port: chrome.port, logLevel: 'silent', output: 'json' }, config)).lhr);
    runs.sort((a, b) => a.categories.performance.score - b.categories.performance.score);
    const lhr = runs[1];
    const categories = ['performance', 'accessibility', 'best-practices', 'seo'].map((id) => lhr.categories[id]);
    console.log(`  ${(page || 'index.html').padEnd(20)}${device.padEnd(9)}${categories.map(({ score }) => String(Math.round(100 * score)).padStart(16)).join('')}`);
    for (const [i, { score }] of categories.entries()) {
      const key = `${NAMES[i]}, ${device}`;
      lowest.set(key, Math.min(lowest.get(key) ?? 100, Math.round(100 * score)));
    }
    for (const { score, auditRefs } of categories) {
      if (score >= 0.995) continue;
      for (const { id, weight } of auditRefs) {
        const audit = lhr.audits[id];
        if (weight > 0 && audit.score !== null && audit.score < 0.95) console.log(`    ${audit.title}: ${audit.displayValue ?? audit.score}`);
      }
    }
  }
}
for (const [name, score] of lowest) note(name, score, '', null);
chrome.kill();
close();
