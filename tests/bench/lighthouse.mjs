/** Lighthouse's scores of the built site, served compressed, and of each score below 100 what took it down. */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { existsSync, readFileSync } from 'node:fs';

import { root, serve } from '../web/harness.mjs';
import { note } from './print.mjs';

const PAGES = process.argv[2] ? process.argv[2].split(',') : ['', 'learn.html', 'validation.html', 'zero.html', 'accumulation.html', 'gpu.html'];
const require = createRequire(join(root, 'build/lighthouse/package.json'));
const load = async (name) => import(pathToFileURL(require.resolve(name)).href);
const { default: lighthouse } = await load('lighthouse');
const { default: desktop } = await load('lighthouse/core/config/desktop-config.js');
const { launch } = await load('chrome-launcher');

const dist = join(root, 'web/dist');
/* As a static host does it: compressed, and kept for long where the name changes with the content. */
const compressed = (path) => /\.(?:html|js|css|wasm|json|svg|webmanifest)$/.test(path);
const host = {
  headers: (path) => ({
    ...(compressed(path) && { 'content-encoding': 'gzip' }),
    'cache-control': path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
  }),
  instead: (path) => {
    const file = join(dist, path);
    return compressed(path) && existsSync(file) ? gzipSync(readFileSync(file)) : undefined;
  },
};
const { address, close } = await serve('/', host);
const chrome = await launch({ chromePath: process.env.CHROMIUM ?? '/usr/bin/chromium', chromeFlags: ['--headless=new', '--no-sandbox'] });

const NAMES = ['performance', 'accessibility', 'best practices', 'SEO'];
console.log(`  ${'page'.padEnd(20)}${'on'.padEnd(9)}${NAMES.map((name) => name.padStart(16)).join('')}`);
const lowest = new Map();
for (const page of PAGES) {
  for (const [device, config] of [['phone', undefined], ['desktop', desktop]]) {
    const { lhr } = await lighthouse(address + page, { port: chrome.port, logLevel: 'silent', output: 'json' }, config);
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
