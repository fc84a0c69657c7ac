/** The two builds of the core, asked alike. Both answer with the JSON text of a report or of an error. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { ActmemError, loadCore, loadSources } from '../../build/loader/actmem.js';

export const wasm = readFileSync('build/core.wasm');
export const tables = JSON.parse(readFileSync('build/tables.json', 'utf8'));
export const core = await loadCore(wasm, tables);
export const sources = await loadSources(readFileSync('build/sources.wasm'), JSON.parse(readFileSync('build/formulas.json', 'utf8')));

/** build/actmem --json with these arguments: its JSON, without the newline at the end of a line of output. */
export function native(...args) {
  const run = spawnSync('build/actmem', ['--json', ...args], { encoding: 'utf8', maxBuffer: 1 << 24 });
  if (run.error) throw run.error;
  return (run.stdout || run.stderr).replace(/\n$/, '');
}

/** A report of the native build without what core.wasm leaves to the tables and to sources.wasm. */
export function wordless(json) {
  const section = (text, start, end, ...keys) =>
    text.replace(new RegExp(`${start}.*?${end}`, 's'), (part) => keys.reduce((rest, key) => rest.replaceAll(new RegExp(`,"${key}":(?:"[^"]*"|null|\\{[^}]*\\})`, 'g'), ''), part));
  const model = section(json, '"model":\\{"name"', '"family"', 'label', 'source');
  const state = section(model, '"conventions":\\[', '\\]', 'name', 'source');
  const rows = section(state, '"rows":\\[', '\\],"step"', 'why');
  const formulas = rows.replace(/"formulas":\[.*?\],"example"/s, '"example"');
  return formulas.replace(/,"detail":"[^"]*","derived":\["[^"]*",?/, ',"derived":[').replace(/,"not_counted":\[[^\]]*\]/, '');
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

/** What wasm gives, with the words and the formulas: a report or an error. */
export function complete(text) {
  const whole = () => {
    const report = core.evaluate(text);
    return { ...report, formulas: sources.formulas(report) };
  };
  return JSON.parse(answer(() => JSON.stringify(whole())));
}

/** Asks wasm: `config` is the text of a config.json or null. */
export function hosted(config, text) {
  return answer(() => core.evaluateJson(config === null ? text : `${sources.import(config).query} ${text}`));
}
