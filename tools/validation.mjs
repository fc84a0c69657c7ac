/* Every measured case of tests/fixtures beside what actmem says of it, for the Validation page: `node tools/validation.mjs`, from the repository's
 * root, prints validation.json. Public measurements of others stand beside ours with what is not known about them. */
import { readFileSync } from 'node:fs';

import { ActmemError, loadWhole } from '../build/loader/actmem.js';

const json = (path) => JSON.parse(readFileSync(path, 'utf8'));
const core = await loadWhole(readFileSync('build/whole.wasm'));
const fixture = (name) => json(`tests/fixtures/${name}.json`);

/* What is compared, as the fixtures and as the report name it. */
const FIGURES = ['saved_bytes', 'live_after_forward', 'forward_peak', 'backward_peak', 'step_peak'];
const ours = ({ saved, step }) => [saved.bytes, step.after_forward_bytes, step.forward_peak_bytes, step.backward_peak_bytes, step.peak_bytes];

/** The figures that were measured, and ours: null where they are all the same. */
function compare(measured, text, config) {
  try {
    const report = core.evaluate(config === null ? text : `${core.import(readFileSync(`tests/fixtures/configs/${config}`, 'utf8')).query}&${text.replaceAll(' ', '&')}`);
    const all = ours(report);
    const same = measured.every((bytes, i) => bytes === null || bytes === all[i]);
    return [measured, same ? null : all];
  } catch (error) {
    if (!(error instanceof ActmemError)) throw error;
    return [measured, error.message];
  }
}

const figuresOf = (record) => FIGURES.map((key) => record[key] ?? null);
/** What a reader types for them. */
const command = (text, config) => (config === null ? `build/actmem ${text}` : `build/actmem --config tests/fixtures/configs/${config} ${text}`);
const rowsOf = (set, records) => records.map((record) => [set, record.name, command(record.text, null), ...compare(figuresOf(record), record.text, null)]);

const asked = new Map(fixture('arguments').map((row) => [row.name, row]));
const cases = fixture('cases').map((record) => {
  const { config, arguments: text } = asked.get(record.name);
  return [0, record.name, command(text, config), ...compare(figuresOf(record), text, config)];
});

const isMegatron = (record) => record.text.includes('stack=megatron');
/* The model on one GPU, which other records have: stack=torch then holds the logits. */
const isAlone = ({ case: of }) => of?.world === 1 || of?.t === 1; // what was recorded by actmem's own words says nothing else

const SETS = [
  ['models', 'PyTorch 2.15.0, transformers 5.23.0: published shapes as transformers, plain PyTorch and nanoGPT write them'],
  ['random shapes', 'PyTorch 2.15.0, transformers 5.23.0: small random shapes and settings that no rule was made for'],
  ['loss heads', 'PyTorch 2.15.0, transformers 5.23.0, torchtune 0.6.1, Liger-Kernel 0.8.5, cut_cross_entropy d42911f'],
  ['Liger-Kernel', 'PyTorch 2.15.0, transformers 5.23.0, Liger-Kernel 0.8.5'],
  ['Megatron-Core', 'PyTorch 2.15.0, Megatron-Core 0.16.1: one rank of a fake process group; what is kept only'],
  ['FSDP2, DTensor, ring attention', 'PyTorch 2.15.0: one rank of a fake process group'],
];

/* By set and name, as the page shows them first: a browser takes longer over it than over all else. */
const byName = new Intl.Collator('en', { numeric: true }).compare;
const rows = [
  ...cases,
  ...rowsOf(1, fixture('unseen')),
  ...rowsOf(2, fixture('loss')),
  ...rowsOf(3, fixture('liger')),
  ...fixture('parallel').filter(isMegatron).map((record) => [4, record.name, command(record.text, null), ...compare([record.saved_bytes, null, null, null, null], record.text, null)]),
  ...rowsOf(5, fixture('parallel').filter((record) => !isMegatron(record) && !isAlone(record))),
].sort((a, b) => a[0] - b[0] || byName(a[1], b[1]));

/* ---- what others have measured. unit: what a figure is divided by to be the one that was published. */
const layer = (report) => Math.max(...report.saved.layers.map((kind) => kind.bytes / kind.layers_each));
const hidden = (h) => 2 * 32384 * h;
const STAS00 = 'stas00/ml-engineering';
const UNKNOWN = 'GPU, versions and how it was read off are not stated; of one layer, in hidden states of 2·s·h bytes';
const PUBLIC = [
  ['Llama 3 8B, one layer, 32,384 tokens', STAS00, 'hidden states', 28, 'model=llama-3-8b seq=32384 attention=flash', layer, hidden(4096), UNKNOWN],
  ['Qwen3 4B, one layer, 32,384 tokens', STAS00, 'hidden states', 38, 'model=qwen3-4b seq=32384 attention=flash', layer, hidden(2560), UNKNOWN],
  ['SmolLM2 360M, one layer, 32,384 tokens', STAS00, 'hidden states', 24, 'model=smollm2-360m seq=32384 attention=flash', layer, hidden(960), UNKNOWN],
  ['DeepSeek R1 0528 Qwen3 8B, one layer, 32,384 tokens', STAS00, 'hidden states', 29.8, 'model=deepseek-r1-qwen3-8b seq=32384 attention=flash', layer, hidden(4096), UNKNOWN],
  ['Gemma 1.1 2B, one layer, 32,384 tokens', STAS00, 'hidden states', 48, 'model=gemma-2b seq=32384 attention=flash', layer, hidden(2048), UNKNOWN],
  ['LLaMA 7B, 8 sequences of 512 tokens', 'OpenLMLab/LOMO, issue 16', 'GB', 45.61, 'model=llama-7b batch=8 seq=512 attention=eager dtype=fp16', (report) => report.saved.bytes, 1e9, 'Whether the logits, the allocator’s rounding or a peak are in it is not stated, nor are the versions'],
  ['GPT-2 XL, 32 sequences of 1,024 tokens', 'Rajbhandari et al. 2019, arXiv 1910.02054', 'GB', 60, 'model=gpt2-xl batch=32 seq=1024 attention=eager dtype=fp16', (report) => report.saved.bytes, 1e9, '“About”, by its own formula of 12·h·b·s·L values; scores and dropout masks are in ours'],
  ['8 layers of 1,024, 8,192 tokens: what their checkpoints keep', 'huggingface/transformers, pull request 48444', 'MiB', 128, 'family=llama layers=8 hidden=1024 heads=16 ffn=4096 vocab=32000 seq=8192 checkpoint=full', (report) => report.rows.filter((row) => row.scope.includes('checkpoint')).reduce((sum, row) => sum + row.bytes * row.count, 0), 1 << 20, 'The rest of the shape is not stated, and does not matter here'],
];
const NOT_EXPRESSED = [
  ['huggingface/accelerate, pull request 4175', '79.43 GB without and 24.73 GB with checkpointing: which model, at which length, is not stated'],
  ['axolotl, pull request 3733', 'Qwen3 8B, 63.3 GB at 16k and 73.1 GB at 32k: all of the GPU’s memory, states and their sharding included'],
  ['ISEEKYAN/mbridge, README', 'Mixtral 8x2B, 4 layers, 1.3 to 5.0 GB on parallel ranks: the shape is not stated'],
  ['MooreThreads/SimuMax, 73 rows', 'all of the memory on B200 and A100 with Transformer Engine’s kernels'],
  ['OpenPipe/ART, issues 915 and 922; NVIDIA-NeMo/Megatron-Bridge, issue 3880', 'peaks of whole jobs, on ranks whose other memory is not stated'],
];

const published = PUBLIC.map(([name, source, unit, measured, text, read, divisor, unknown]) => {
  const value = read(core.evaluate(text)) / divisor;
  return { name, source, unit, measured, ours: Math.round(value * 100) / 100, query: text.replaceAll(' ', '&'), unknown };
});

process.stdout.write(JSON.stringify({ actmem: core.table.actmem, figures: FIGURES, sets: SETS.map(([name, how]) => ({ name, how })), rows, published, not_expressed: NOT_EXPRESSED.map(([source, why]) => ({ source, why })) }));
