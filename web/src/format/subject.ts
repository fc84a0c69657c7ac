/* What the answer speaks of: the model, and what of the configuration is neither its preset's nor a default. */
import type { Field, Report } from '../../../wasm/report';
import { parseQuery } from '../state/query';
import { formatCount, formatParameters } from './bytes';

/* Said elsewhere in the sentence, or not of what is kept. */
const SAID = new Set(['model', 'seq', 'batch', 'checkpoint', 'reentrant', 'units', 'timeline', 'frontier', 'fit']);
/* Of the GPU, or of what stands beside the activations: the line on whether it fits is of them. */
const BESIDE = new Set(['device', 'device_memory', 'device_gflops', 'device_fp32_gflops', 'device_bandwidth', 'link_bandwidth', 'reserve', 'optimizer', 'master_weights']);
/* More would bury the answer; the inputs below show them all. */
const MOST = 3;

/** "GPT-2 124M with layers=1" */
export function subject({ model, query }: Report, fields: readonly Field[]): string {
  if (model.name === '') return `A ${formatParameters(model.parameters)} parameter model`;
  const shape = new Set(fields.filter((f) => f.group === 'model').map((f) => f.key));
  const changed = [...parseQuery(query)].filter(([key]) => shape.has(key) && !SAID.has(key)).map(([key, value]) => `${key}=${value}`);
  const more = changed.length - MOST;
  return changed.length === 0 ? model.label : `${model.label} with ${changed.slice(0, MOST).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** "eager attention", "LoRA on q, v": what is not as by default. */
export function conditions({ config, query, ranks }: Report, fields: readonly Field[]): string[] {
  const pairs = parseQuery(query);
  const shape = new Set(fields.filter((f) => f.group === 'model').map((f) => f.key));
  const trained = config['trainable'] === 'lora';
  const said: string[] = [];
  for (const [key, value] of pairs) {
    if (SAID.has(key) || BESIDE.has(key) || shape.has(key)) continue;
    if (key === 'attention') said.push(ATTENTION[value] ?? `${value} attention`);
    else if (key === 'stack') said.push(`operations as in ${STACK[value] ?? value}`);
    else if (key === 'dtype') said.push(`${value} parameters`);
    else if (key === 'autocast') said.push(value === 'off' ? 'no autocast' : `${value} autocast`);
    else if (key === 'autocast_cache') said.push(value === 'no' ? 'autocast without its cache' : 'autocast’s cache');
    else if (key === 'trainable') said.push(trained ? lora(config, pairs) : value === 'none' ? 'all parameters frozen' : 'all parameters trained');
    else if (key.startsWith('lora_')) {
      if (!trained) continue;
      if (key === 'lora_dropout') said.push(`LoRA dropout ${value}`);
      if (key === 'lora_dtype') said.push(`${value} adapters`);
    } else if (PARALLEL[key] !== undefined) said.push(`${formatCount(Number(value))}-way ${PARALLEL[key]} parallel`);
    else if (key === 'zero') said.push(`ZeRO ${value}`);
    else if (key === 'sp') said.push(value === 'yes' ? 'sequence parallel' : 'no sequence parallelism');
    else if (key === 'pp') {
      if (ranks.length <= 1) said.push(`${formatCount(Number(value))} pipeline stages`);
    } else if (key === 'vpp') said.push(`${formatCount(Number(value))} chunks per stage`);
    else said.push(`${key}=${value}`);
  }
  return said;
}

/* The default by name, should a link spell it out, and the others. */
const STACK: Readonly<Record<string, string>> = { hf: 'transformers', liger: 'transformers and Liger-Kernel', torch: 'plain PyTorch', nanogpt: 'nanoGPT', megatron: 'Megatron-Core with Transformer Engine', 'megatron-local': 'Megatron-Core without Transformer Engine', paper: 'the paper' };
const PARALLEL: Readonly<Record<string, string>> = { tp: 'tensor', cp: 'context', ep: 'expert', dp: 'data' };
const ATTENTION: Readonly<Record<string, string>> = { efficient: 'memory-efficient attention', flash: 'FlashAttention-2' };

function lora(config: Report['config'], pairs: ReadonlyMap<string, string>): string {
  return `LoRA${pairs.has('lora_rank') ? ` of rank ${config['lora_rank']}` : ''} on ${String(config['lora_targets']).split(',').join(', ')}`;
}

/** Of a pipeline each stage keeps its own; what else the report says is of all stages together, on one rank. null without a pipeline. */
export function stagesOf({ ranks }: Report): number | null {
  return ranks.length > 1 ? ranks.length : null;
}

/** A stage by its place: "the first", "the last", "number 3". */
export function stageName(rank: number, stages: number): string {
  if (rank === 0) return 'the first';
  return rank === stages - 1 ? 'the last' : `number ${formatCount(rank + 1)}`;
}
