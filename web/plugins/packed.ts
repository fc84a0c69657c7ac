/* `import packed from 'core.wasm?packed'`: the core and, of the tables beside it, what a figure shows, deflated together as small as deflate can make
 * them, in base64: to be carried inside a script. Only of the inputs that a figure may have is there more than what the query needs; presets'
 * sources and sizes, other inputs' symbols, GPUs, conventions and provenance are not said in it. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deflateAsync } from '@gfx/zopfli';
import type { Plugin } from 'vite';
import type { Tables } from '../../wasm/report';
import type { Packed } from '../src/widget/unpack.ts';
import { INPUTS } from '../src/widget/views.ts';

const inputs: readonly string[] = INPUTS;

/** What all rows have alike, and of the rest a list of names and a list of values each: the names once, as unpack.ts has them again. */
function columns<Row extends object>(rows: readonly Row[], alike: object) {
  const names = Object.keys(rows[0] ?? {}).filter((name) => !(name in alike)) as (keyof Row)[];
  return [alike, names, ...rows.map((row) => names.map((name) => row[name]))] as const;
}

const small = ({ fields, presets, stacks, symbols, savers, ...tables }: Tables): Packed => ({
  ...tables,
  symbols: symbols.filter(({ key }) => inputs.includes(key)),
  conventions: [],
  not_counted: [],
  devices: [],
  groups: [],
  dtypes: [],
  inputs: Object.fromEntries(fields.filter(({ key }) => inputs.includes(key)).map(({ key, group: _group, ...more }) => [key, more])),
  rows: {
    fields: columns(fields.map(({ key, group }) => ({ key, group })), { kind: 'text', default: null, label: '', unit: '', help: '' }),
    presets: columns(presets, { source: '', parameters: null }),
    stacks: columns(stacks, { detail: '', derived: '' }),
    savers: columns(savers, {}),
  },
});

export const packed: Plugin = {
  name: 'packed',
  enforce: 'pre',
  async load(id) {
    const file = /^(.*)\?packed$/.exec(id)?.[1];
    if (file === undefined) return null;
    const words = join(dirname(file), 'tables.json');
    this.addWatchFile(file);
    this.addWatchFile(words);
    const core = readFileSync(file);
    const tables = JSON.stringify(small(JSON.parse(readFileSync(words, 'utf8')) as Tables));
    const deflated = await deflateAsync(Buffer.concat([core, Buffer.from(tables)]), { numiterations: 15 });
    return `export const length = ${core.length};\nexport const packed = ${JSON.stringify(Buffer.from(deflated).toString('base64'))};`;
  },
};
