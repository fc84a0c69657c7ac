/* `import packed from 'core.wasm?packed'`: the core and, of the tables beside it, what a figure shows, deflated together as small as deflate can make
 * them, in base64: to be carried inside a script. Only of the inputs that a figure may have is there more than what the query needs; presets'
 * sources and sizes, GPUs, conventions and provenance are not said in it. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { deflateAsync } from '@gfx/zopfli';
import type { Plugin } from 'vite';
import type { Field, Tables } from '../../wasm/report';
import { INPUTS } from '../src/widget/views.ts';

const inputs: readonly string[] = INPUTS;

const small = ({ fields, presets, stacks, ...tables }: Tables): Tables => ({
  ...tables,
  fields: fields.map((field): Field => (inputs.includes(field.key) ? field : { key: field.key, kind: field.kind, group: field.group, default: field.default, label: '', unit: '', help: '' })),
  presets: presets.map((preset) => ({ ...preset, source: '', parameters: null })),
  stacks: stacks.map((stack) => ({ ...stack, detail: '', derived: '' })),
  conventions: [],
  not_counted: [],
  devices: [],
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
