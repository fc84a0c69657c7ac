/** The two builds of the core, asked alike. Both answer with the JSON text of a report or of an error. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { ActmemError, loadCore, loadWhole } from '../../build/loader/actmem.js';

/** Where the modules are: `make trixie` has others tested. */
const folder = process.env.WASM ?? 'build';
export const wasm = { core: readFileSync(`${folder}/core.wasm`), whole: readFileSync(`${folder}/whole.wasm`) };
export const tables = JSON.parse(readFileSync('build/tables.json', 'utf8'));
export const core = await loadCore(wasm.core, tables);
export const whole = await loadWhole(wasm.whole);

/** build/actmem --json with these arguments: its JSON, without the newline at the end of a line of output. */
export function native(...args) {
  const run = spawnSync('build/actmem', ['--json', ...args], { encoding: 'utf8', maxBuffer: 1 << 24 });
  if (run.error) throw run.error;
  return (run.stdout || run.stderr).replace(/\n$/, '');
}

/** What `ask` gives, or the error document that it throws. */
export function answer(ask) {
  try {
    return ask();
  } catch (error) {
    if (!(error instanceof ActmemError)) throw error;
    const { code, field, message } = error;
    return JSON.stringify({ error: { code, field, message } });
  }
}

/** Asks whole.wasm: `config` is the text of a config.json or null. */
export function hosted(config, text) {
  return answer(() => whole.evaluateJson(config === null ? text : `${whole.import(config).query} ${text}`));
}

/** What core.wasm gives, with the words of the tables: a report without formulas, or an error. */
export function first(text) {
  return JSON.parse(answer(() => JSON.stringify(core.evaluate(text))));
}
