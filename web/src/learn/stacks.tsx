/* One layer of the visitor's model in each code that runs it. */
import type { Whole } from '../../../wasm/actmem';
import type { Bytes, Report, Units } from '../../../wasm/report';
import { formatBytes } from '../format/bytes';
import { type Changes, changeQuery } from '../state/query';
import type { Store } from '../state/store';
import { Expression } from '../views/expression';
import { figureOf, saidText, usualLayer } from './figures';

interface Code {
  name: string;
  changes: Changes;
}

const SDPA = { attention: null };
/* The kernels that change a ledger, then each stack with its own. */
const CODES: readonly Code[] = [
  { name: 'transformers, eager attention', changes: { stack: null, attention: 'eager' } },
  { name: 'transformers, fused attention', changes: { stack: null, ...SDPA } },
  { name: 'plain PyTorch, fused norm', changes: { stack: 'torch', ...SDPA } },
  { name: 'transformers and Liger-Kernel', changes: { stack: 'liger', ...SDPA } },
  { name: 'nanoGPT', changes: { stack: 'nanogpt', ...SDPA } },
  { name: 'Megatron-Core’s own layers', changes: { stack: 'megatron-local', ...SDPA } },
  { name: 'Megatron-Core, Transformer Engine', changes: { stack: 'megatron', ...SDPA } },
  { name: 'the paper’s block', changes: { stack: 'paper', ...SDPA } },
];

/** Those that run this model, the one that keeps most first; and those that don't. */
export function codesOf(text: string, whole: Pick<Whole, 'evaluate'>, store: Pick<Store, 'tables'>): { name: string; report: Report; bytes: Bytes }[] {
  return CODES.flatMap(({ name, changes }) => {
    try {
      const report = whole.evaluate(changeQuery(text, { ...changes, checkpoint: null, reentrant: null, distribute_saved: null, loss: null, timeline: 'none' }, store.tables.fields));
      const layer = usualLayer(report);
      return layer === undefined ? [] : [{ name, report, bytes: layer.bytes }];
    } catch {
      return [];
    }
  }).sort((x, y) => y.bytes - x.bytes);
}

export function Stacks({ report, whole, store, units }: { report: Report; whole: Whole; store: Store; units: Units }) {
  const codes = codesOf(report.query, whole, store);
  const most = codes[0]?.bytes ?? 1;
  return (
    <div class="scroll" role="region" aria-label="One layer by whose code runs" tabIndex={0}>
      <table class="codes">
        <thead>
          <tr>
            <th scope="col">Whose code</th>
            <th scope="col" class="number">
              One layer
            </th>
            <th scope="col" class="number">
              C
            </th>
            <th scope="col">
              <span class="hidden">Compared</span>
            </th>
            <th scope="col">Formula</th>
          </tr>
        </thead>
        <tbody>
          {codes.map(({ name, report: own, bytes }) => (
            <tr key={name} data-chosen={own.config['stack'] === report.config['stack'] && own.config['attention'] === report.config['attention'] ? '' : undefined}>
              <th scope="row">
                <a href={`./#${own.query}`}>{name}</a>
              </th>
              <td class="number">{formatBytes(bytes, units)}</td>
              <td class="number">{saidText(figureOf('c', own, store.tables.fields), units)}</td>
              <td class="codes-bar">
                <svg width="100%" height="12" aria-hidden="true">
                  <rect class="codes-mark" x="0" y="1" height="10" width={`${Math.max(0.5, (100 * bytes) / most)}%`} />
                </svg>
              </td>
              <td class="codes-formula">
                <Expression text={usualLayer(own)?.formula ?? ''} symbols={own.symbols} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {codes.length < CODES.length && <p class="note">The other codes that the calculator knows don’t run this model with these inputs.</p>}
    </div>
  );
}
