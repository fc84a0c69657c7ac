/* One layer of the visitor's model in each code that runs it. */
import { ActmemError, type Whole } from '../../../wasm/actmem';
import type { Bytes, Report, Units } from '../../../wasm/report';
import { formatBytes } from '../format/bytes';
import { usualLayer } from '../format/layers';
import { type Changes, changeQuery, WITHOUT } from '../state/query';
import type { Store } from '../state/store';
import { Sum } from '../views/expression';
import { figureOf, saidText } from './figures';

interface Code {
  name: string;
  changes: Changes;
}

/* Each with its own attention and loss, unless it says which. */
const CODES: readonly Code[] = [
  { name: 'transformers, eager attention', changes: { stack: null, attention: 'eager' } },
  { name: 'transformers, fused attention', changes: { stack: null } },
  { name: 'plain PyTorch, fused norm', changes: { stack: 'torch' } },
  { name: 'transformers and Liger-Kernel', changes: { stack: 'liger' } },
  { name: 'nanoGPT', changes: { stack: 'nanogpt' } },
  { name: 'Megatron-Core’s own layers', changes: { stack: 'megatron-local' } },
  { name: 'Megatron-Core, Transformer Engine', changes: { stack: 'megatron' } },
  { name: 'the paper’s block', changes: { stack: 'paper' } },
];

/** Those that run this model, the one whose layer keeps most first. */
export function codesOf(text: string, whole: Pick<Whole, 'evaluate'>, store: Pick<Store, 'tables'>): { name: string; report: Report; bytes: Bytes }[] {
  return CODES.flatMap(({ name, changes }) => {
    try {
      const report = whole.evaluate(changeQuery(text, { ...WITHOUT, attention: null, loss: null, ...changes, timeline: 'none' }, store.tables.fields));
      const layer = usualLayer(report);
      return layer === undefined ? [] : [{ name, report, bytes: layer.bytes }];
    } catch (error) {
      if (!(error instanceof ActmemError)) throw error;
      return [];
    }
  }).sort((x, y) => y.bytes - x.bytes);
}

export function Stacks({ report, whole, store, units }: { report: Report; whole: Whole; store: Store; units: Units }) {
  const codes = codesOf(report.query, whole, store);
  const most = codes[0]?.bytes ?? 1;
  return (
    <div class="scroll" role="region" aria-label="One layer by implementation" tabIndex={0}>
      <table class="codes">
        <thead>
          <tr>
            <th scope="col">Implementation</th>
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
                <Sum text={usualLayer(own)?.formula ?? ''} symbols={own.symbols} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {codes.length < CODES.length && <p class="note">The other implementations that the calculator knows don’t run this model with these inputs.</p>}
    </div>
  );
}
