/* The service worker and the manifest, by vite-plugin-pwa and Workbox. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { VitePWA } from 'vite-plugin-pwa';
import type { PluginOption } from 'vite';

const icon = (size: number, purpose: 'any' | 'maskable') => ({ src: `./icons/${purpose}-${size}.png`, sizes: `${size}x${size}`, type: 'image/png', purpose });

let folder = '';

export const offline: PluginOption = [
  { name: 'where-built', configResolved: ({ root, build }) => void (folder = resolve(root, build.outDir)) },
  VitePWA({
    strategies: 'injectManifest',
    srcDir: 'src/offline',
    filename: 'sw.ts',
    registerType: 'prompt',
    injectRegister: false,
    manifest: {
      id: './',
      name: 'actmem',
      short_name: 'actmem',
      description: 'What a transformer’s training step keeps in memory, to the byte.',
      start_url: './',
      scope: './',
      display: 'standalone',
      background_color: '#fbfaf7',
      theme_color: '#00687a',
      categories: ['developer', 'education', 'utilities'],
      icons: [{ src: './icons/icon.svg', sizes: 'any', type: 'image/svg+xml', purpose: 'any' }, icon(192, 'any'), icon(512, 'any'), icon(512, 'maskable')],
    },
    includeManifestIcons: false,
    injectManifest: {
      globPatterns: ['**/*.{html,js,css,wasm,json,svg,png}'],
      /* What other sites use. */
      globIgnores: ['widget.js', 'frame.js', 'card.png'],
      maximumFileSizeToCacheInBytes: 4 << 20,
      /* Their names change with their content. */
      dontCacheBustURLsMatching: /^assets\//,
      manifestTransforms: [
        async (entries) => ({
          manifest: await Promise.all(entries.map(async (entry) => ({ ...entry, integrity: `sha256-${createHash('sha256').update(await readFile(resolve(folder, entry.url))).digest('base64')}` }))),
          warnings: [],
        }),
      ],
    },
  }),
];
