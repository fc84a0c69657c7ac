/* The related pages' answers, in their files: to the inputs as they are before anything is chosen, computed by the core when the site is built. So they are
 * there at the first paint, and without JavaScript. In a page <!--answer--> and, for the table, <!--rows--> are replaced, and <!--alike--> by what the heads of
 * all of them have. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { loadWhole } from '../../wasm/actmem.ts';
import type { Preset, Report, Tables } from '../../wasm/report.ts';
import { exactBytes, formatBytes } from '../src/format/bytes.ts';
import { subject } from '../src/format/subject.ts';
import { accumulationSaid, gpuSaid, type Said, zeroSaid } from '../src/related/said.ts';
import { CUT, cutsOf, GPUS, sequencesOf, STAGES, stagesOn, WAYS } from '../src/related/ways.ts';
import { type Changes, changeQuery, choosePreset } from '../src/state/query.ts';

const figure = (bytes: number): string => `<data class="figure" value="${bytes}" title="${exactBytes(bytes)}">${formatBytes(bytes, 'GiB')}</data>`;
const sentence = (said: Said): string => said.map((part) => (typeof part === 'string' ? part : figure(part.bytes))).join('');
const rows = (of: readonly (readonly [name: string, bytes: number])[]): string => of.map(([name, bytes]) => `<tr><th scope="row">${name}</th><td class="number">${figure(bytes)}</td></tr>`).join('');

interface Stated {
  answer: string;
  rows?: string;
}

/** By page: `evaluate` is whole.wasm's. */
export function stated(page: string, evaluate: (text: string) => Report, tables: Tables): Stated | null {
  const { fields, presets, devices } = tables;
  const at = (text: string, changes: Changes): Report => evaluate(changeQuery(text, changes, fields));
  const total = (report: Report): number => report.fit?.total_bytes ?? 0;
  const plain = evaluate('');
  const who = subject(plain, fields);
  if (page === 'zero') {
    const totals = stagesOn(GPUS).map((changes) => total(at(plain.query, changes)));
    return { answer: sentence(zeroSaid(who, GPUS, totals[0] ?? 0, totals[3] ?? 0)), rows: rows(STAGES.map(([name], i) => [name, totals[i] ?? 0])) };
  }
  if (page === 'accumulation') {
    const text = changeQuery(plain.query, CUT, fields);
    const ways = cutsOf(text).map((changes) => ({ count: Number(changes['micro_batches']), size: changes['batch'], bytes: total(at(text, changes)) }));
    const finest = ways.at(-1);
    return {
      answer: sentence(accumulationSaid(who, sequencesOf(text), ways[0]?.bytes ?? 0, finest?.count ?? 1, finest?.bytes ?? 0)),
      rows: rows(ways.map(({ count, size, bytes }) => [`${count} × ${size}`, bytes])),
    };
  }
  if (page === 'gpu') {
    const fits = (preset: Preset, changes: Changes): boolean => {
      try {
        return evaluate(changeQuery(choosePreset(plain.query, preset.name, fields), { ...changes, timeline: 'none' }, fields)).fit?.fits === true;
      } catch {
        return false; // a sequence that it does not take, or code that does not run it
      }
    };
    const ordered = presets.filter((preset) => preset.parameters !== null).sort((p, q) => (p.parameters ?? 0) - (q.parameters ?? 0));
    const [full, checkpointed, , both] = WAYS.map(([, changes]) => ordered.findLast((preset) => fits(preset, changes)));
    return { answer: sentence(gpuSaid(devices.find(({ id }) => id === plain.config['device'])?.label ?? 'This GPU', full, checkpointed, both)) };
  }
  return null;
}

const ALIKE = `<link rel="preload" href="/made/tables.json" as="fetch" type="application/json" crossorigin />
    <link rel="preload" href="/made/whole.wasm" as="fetch" type="application/wasm" crossorigin />
    <link rel="stylesheet" href="/src/styles/index.css" />
    <link rel="stylesheet" href="/src/styles/related.css" />
    <script type="module" src="/src/related/main.tsx"></script>`;

let folder = '';

export const statedPages: Plugin = {
  name: 'stated-pages',
  configResolved: ({ root }) => void (folder = join(root, 'made')),
  transformIndexHtml: {
    order: 'pre',
    async handler(html, { path }) {
      if (!html.includes('<!--answer-->')) return html;
      const whole = await loadWhole(readFileSync(join(folder, 'whole.wasm')));
      const found = stated(path.replace(/^\/|\.html$/g, ''), whole.evaluate, JSON.parse(readFileSync(join(folder, 'tables.json'), 'utf8')) as Tables);
      if (found === null) throw new Error(`${path}: no answer is known for this page`);
      return html.replace('<!--alike-->', ALIKE).replace('<!--answer-->', found.answer).replace('<!--rows-->', found.rows ?? '');
    },
  },
};
