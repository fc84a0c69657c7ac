/** All bars in one table: what each asks for, what was measured just now, and whether it holds. It runs what measures them, one after the other,
 * speed first, and takes what that says: `make bars`, some twenty minutes on a quiet machine; ONLY=…
 * of speed, truth, stages, input and lighthouse, with commas, for some of them. What could not be measured here does not hold. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';

import { ActmemError, loadWhole } from '../../build/loader/actmem.js';

const FOLDER = 'build/bars';
const FUZZ_TIME = process.env.FUZZ_TIME ?? '60';
const ENGINES = ['Chromium', 'Firefox', 'WebKitGTK'];
const SCHEMES = 2;
const WIDTHS = 3;

rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });

/* ---- running ---- */

/** What a command prints, and whether it ended well. */
function run(name, command, args, env = {}) {
  process.stderr.write(`  measures ${name}\n`);
  const done = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 1 << 28, env: { ...process.env, ...env } });
  return { good: done.status === 0, output: done.stdout, text: `${done.stdout}${done.stderr}` };
}

/** The bars that a benchmark of this folder prints, by name. */
function figures(name) {
  const file = `${FOLDER}/${name}.jsonl`;
  const { good, text } = run(name, 'node', [`tests/bench/${name}.mjs`], { BARS: file });
  if (!good) process.stderr.write(text);
  try {
    return new Map(readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line)).map((bar) => [bar.name, bar]));
  } catch {
    return new Map(); // it ended before it had one
  }
}

/** The tests of a stage of `make test`, by name, each with whether it passed, and the stage's sums. */
function stage(name) {
  rmSync(`build/test/${name}.log`, { force: true });
  run(`stage ${name}`, 'make', ['--silent', '--no-print-directory', `test-${name}`]);
  try {
    const [passed, failed] = readFileSync(`build/test/${name}.count`, 'utf8').trim().split(' ').map(Number);
    const tests = [...readFileSync(`build/test/${name}.log`, 'utf8').matchAll(/^\s*(ok|FAIL|✔|✖) +(.*?)(?: \([\d.]+ ?ms\))?$/gm)];
    return { passed, failed, tests: tests.map(([, mark, text]) => [text, mark === 'ok' || mark === '✔']) };
  } catch {
    return { passed: 0, failed: 1, tests: [] };
  }
}

const named = ({ tests }, pattern) => tests.filter(([name]) => pattern.test(name));
const all = (tests, count = 1) => tests.length >= count && tests.every(([, good]) => good);
const counted = (tests, what) => `${tests.filter(([, good]) => good).length} of ${tests.length} ${what}`;
const sums = ({ passed, failed }) => [`${passed} passed, ${failed} failed`, passed > 0 && failed === 0];

/** One Check suite of the native build. */
function suite(name) {
  const { good, text } = run(`suite ${name}`, 'build/gcc/check', [], { CK_RUN_SUITE: name });
  const [, checks, failures, errors] = /Checks: (\d+), Failures: (\d+), Errors: (\d+)/.exec(text) ?? [0, 0, 1, 0].map(String);
  return { good: good && Number(checks) > 0, passed: checks - failures - errors, failed: Number(failures) + Number(errors) };
}

/* ---- the table ---- */

const rows = [];
const bar = (what, asked, measured, holds) => rows.push([what, asked, measured, holds]);
/** Of a figure that has to stay under another. */
function below(what, asked, figure) {
  if (figure === undefined) bar(what, asked, 'not measured', false);
  else bar(what, asked, `${Number.isInteger(figure.value) ? figure.value : figure.value.toFixed(2)} ${figure.unit}`, figure.value < figure.most);
}

/* ---- speed ---- */

async function speed() {
  const bench = figures('bench');
  const page = figures('page');
  below('one evaluation, text to JSON, in wasm', 'under 300 µs, the slowest', bench.get('slowest in wasm'));
  below('the same against native', 'under 1.5 ×, the highest', bench.get('highest wasm : native'));
  below('optimal frontier, up to 126 layers', 'under 16 ms, the slowest', bench.get('slowest exact frontier'));
  below('batch × sequence map, 64 × 64', 'under 100 ms, the slowest', bench.get('slowest map'));
  below('core.wasm, gzipped', 'under 60,000 B', bench.get('core.wasm, gzipped'));
  below('first load, all in, gzipped', 'under 120,000 B', page.get('first load, gzipped'));
  below('cold start to the first answer', 'under 1,000 ms', page.get('cold start to answer'));
}

/* ---- truth: every measured case is asked for anew ---- */

async function truth() {
  const core = await loadWhole(readFileSync('build/whole.wasm'));
  const validation = JSON.parse(run('truth', 'node', ['tools/validation.mjs']).output);
  const UNSEEN = 1;
  const PARALLEL = [4, 5];
  /** The cases of some sets: their figures, and how many of both are equal to the byte. */
  function compared(which) {
    const cases = validation.rows.filter(([set]) => which(set));
    const equal = cases.filter(([, , , , ours]) => ours === null);
    const measured = cases.flatMap(([, , , measured]) => measured.filter((bytes) => bytes !== null));
    return [`${equal.length} of ${cases.length} cases, ${measured.length} figures`, cases.length > 0 && equal.length === cases.length];
  }
  /** And so the suites that hold layers, rows, operations in order and recomputed FLOPs of them. */
  function held(what, asked, which, suites) {
    const [text, equal] = compared(which);
    const found = suites.map(suite);
    const failed = found.reduce((sum, own) => sum + own.failed, 0);
    bar(what, asked, `${text}; ${found.reduce((sum, own) => sum + own.passed, 0)} checks${failed > 0 ? `, ${failed} FAILED` : ''}`, equal && found.every((own) => own.good && own.failed === 0));
  }
  held('truth, fixtures', 'every figure equal to the byte', (set) => set !== UNSEEN && !PARALLEL.includes(set), ['evaluate', 'ledger', 'step', 'loss', 'liger', 'lines', 'optimizer']);
  held('truth, unseen shapes of known families', 'the same', (set) => set === UNSEEN, ['families']);
  held('truth, parallel', 'of one rank kept bytes, of schedules chunks in flight', (set) => PARALLEL.includes(set), ['megatron', 'torch_rank', 'ranks', 'pipeline_schedule']);

  /* Names of model_type that transformers has and no rule here knows. */
  const UNKNOWN = ['mamba', 'rwkv', 't5', 'whisper', 'jamba', 'bert', 'recurrent_gemma', 'llamax'];
  const said = UNKNOWN.map((model_type) => {
    try {
      core.import(JSON.stringify({ model_type, hidden_size: 64, num_hidden_layers: 2, num_attention_heads: 4, intermediate_size: 128, vocab_size: 100 }));
      return [model_type, false];
    } catch (error) {
      return [model_type, error instanceof ActmemError && error.message.includes(model_type) && /nearest/.test(error.message)];
    }
  });
  bar('an architecture it does not know', 'refused by name, the nearest named', counted(said, 'refused so'), all(said, UNKNOWN.length));
  const rules = suite('rules');
  bar('every save rule', 'one that is flipped fails a case', `${rules.passed} checks${rules.failed > 0 ? `, ${rules.failed} FAILED` : ''}`, rules.good && rules.failed === 0);
}

/* ---- what the stages of `make test` hold ---- */

async function stages() {
  const wasm = stage('wasm');
  const same = named(wasm, /^native = wasm|^core\.wasm = whole\.wasm/);
  bar('native = wasm', 'identical JSON, every fixture and every preset', counted(same, 'tests'), all(same, 8) && wasm.failed === 0);
  const browser = stage('browser');
  const axe = named(browser, /^axe finds nothing/);
  const sized = axe.filter(([name]) => / px, /.test(name)).length; // the element's views are looked at in both schemes, at no width of a page
  bar('axe', 'nothing, light and dark, three widths, every page', counted(axe, 'pages and sizes'), all(axe, SCHEMES * WIDTHS) && sized > 0 && sized % (SCHEMES * WIDTHS) === 0);
  const policy = named(browser, /^the policy allows nothing inline/);
  bar('Content-Security-Policy', "without 'unsafe-inline' and 'unsafe-eval'", counted(policy, 'tests'), all(policy));
  const offline = named(browser, /without a network|stored$|nothing of the copy for offline use/);
  bar('works offline after the first load', 'the whole site', counted(offline, 'tests'), all(offline, 4));
  bar('no request leaves the page', 'watched in each test of the page', ...sums(browser));
  const engines = stage('engines');
  for (const engine of ENGINES) {
    const tests = named(engines, new RegExp(`^${engine}: `));
    bar(engine, "the native build's bytes, and the page answers", tests.length > 0 ? counted(tests, 'tests') : 'not measured', all(tests, 3));
  }
}

/* ---- bad input ---- */

async function input() {
  bar('address and undefined-behaviour sanitizers', 'clean over every suite', ...sums(stage('check-asan')));
  const memory = run('memory', 'make', ['--silent', 'memory']);
  bar('memory sanitizer', "clean over the fuzzers' corpus", memory.good ? 'clean' : 'FAILED', memory.good);
  const fuzz = run('fuzz', 'make', ['--silent', 'fuzz', `FUZZ_TIME=${FUZZ_TIME}`]);
  const runs = [...fuzz.text.matchAll(/ok +\w+ +(\d+) runs/g)].reduce((sum, [, count]) => sum + Number(count), 0);
  bar('bad input', 'no crash, hang or number that breaks an invariant', `${runs} runs in 3 × ${FUZZ_TIME} s${fuzz.good ? '' : ', a FINDING'}`, fuzz.good && runs > 0);
}

/* ---- Lighthouse ---- */

async function lighthouse() {
  const scores = figures('lighthouse');
  for (const device of ['phone', 'desktop'])
    for (const score of ['performance', 'accessibility', 'best practices', 'SEO']) {
      const found = scores.get(`${score}, ${device}`);
      bar(`Lighthouse, ${score}, ${device}`, '100, the lowest of all pages, each the middle of three runs', found === undefined ? 'not measured' : String(found.value), found?.value === 100);
    }
}

const SECTIONS = { speed, truth, stages, input, lighthouse };
for (const name of process.env.ONLY?.split(',').filter(Boolean) ?? []) if (!(name in SECTIONS)) throw new Error(`ONLY=${name}: there are ${Object.keys(SECTIONS)}`);
for (const [name, measure] of Object.entries(SECTIONS)) if (!process.env.ONLY || process.env.ONLY.split(',').includes(name)) await measure();

const [wide, ask] = [0, 1].map((column) => Math.max(...rows.map((row) => row[column].length)) + 2);
console.log(`  ${'bar'.padEnd(wide)}${'asked'.padEnd(ask)}${'holds'.padEnd(7)}measured`);
for (const [what, asked, measured, holds] of rows) console.log(`  ${what.padEnd(wide)}${asked.padEnd(ask)}${(holds ? 'yes' : 'NO').padEnd(7)}${measured}`);
const missed = rows.filter(([, , , holds]) => !holds).length;
console.log(`\n${rows.length - missed} of ${rows.length} bars hold`);
process.exitCode = missed === 0 ? 0 : 1;
