/* What published formulas say of this configuration, from the lowest to the highest, and what makes the difference. */
import '../styles/formulas.css';
import { useSignal } from '@preact/signals';
import type { Bytes, Formula, FormulaTable, Report, Units } from '../../../wasm/report';
import { ChartFrame } from '../charts/frame';
import { Strip } from '../charts/strip';
import { type Extent, type Said, saidOf } from '../charts/strip-layout';
import { formatBytes, formatCount, threeDigits } from '../format/bytes';
import { usualLayer } from '../format/layers';
import { differences } from '../format/shares';
import { Figure } from './figure';
import { Switch } from './switch';

interface ViewsProps {
  report: Report;
  formulas: readonly Formula[];
  checks: FormulaTable['formulas'];
  units: Units;
}

const FIRST = 'ultra-scale';

export function FormulaViews(props: ViewsProps) {
  const { report, formulas, units } = props;
  const extent = useSignal<Extent>('all');
  const wanted = useSignal(FIRST);
  const layer = usualLayer(report);
  const ours: Record<Extent, Bytes> = { all: report.saved.bytes, layer: layer === undefined ? 0 : layer.bytes / layer.layers_each };
  const said = saidOf(formulas, extent.value, ours[extent.value]);
  const chosen = said.find((s) => s.formula.id === wanted.value) ?? said.at(-1);
  const choose = (id: string) => {
    wanted.value = id;
    const other: Extent = extent.value === 'all' ? 'layer' : 'all';
    if (!said.some((s) => s.formula.id === id) && saidOf(formulas, other, ours[other]).some((s) => s.formula.id === id)) extent.value = other;
  };
  return (
    <div class="formula-views">
      <div class="figure-head">
        <p class="quiet">{said.length === 0 ? 'None of them covers this checkpointing policy.' : `${said.length} formulas, ${threeDigits(said[0]?.ratio ?? 0)} to ${threeDigits(said.at(-1)?.ratio ?? 0)} times what PyTorch keeps.`}</p>
        <span class="spring" />
        <Switch
          name="extent"
          label="What the figures are of"
          value={extent.value}
          options={[
            ['all', 'whole model'],
            ['layer', 'one layer'],
          ]}
          onChange={(value: Extent) => {
            extent.value = value;
          }}
        />
      </div>
      {said.length > 0 && (
        <ChartFrame
          name="formulas"
          title={`What published formulas say ${extent.value === 'all' ? 'for the whole model' : 'for one layer'}`}
          query={report.query}
          units={units}
          table={() => ({ columns: ['Formula', 'Predicts', 'Against actmem'], rows: said.map((s) => [s.formula.name, { bytes: s.bytes }, `${threeDigits(s.ratio)} ×`]) })}
        >
          <Strip said={said} ours={ours[extent.value]} chosen={chosen?.formula.id ?? null} units={units} extent={extent.value === 'all' ? 'for the whole model' : 'for one layer'} onChoose={choose} />
        </ChartFrame>
      )}
      {chosen !== undefined && <Explained report={report} said={chosen} extent={extent.value} units={units} scope={extent.value === 'layer' ? (layer?.kind ?? null) : null} layers={layer?.layers_each ?? 1} />}
      <p class="note legend">
        In the formulas: s tokens, b sequences, h width, a heads, k KV heads, d head width, f FFN width (w: of the experts that a token passes), v vocabulary, L layers, ℓ a layer, D bytes per value; t
        tensor-parallel size, u the same where sequence parallelism divides too, p pipeline stages, m chunks per stage. Flags, 1 or 0: q no pipeline, j chunks, E scores materialised, o core attention not
        checkpointed, g gated MLP, r ReLU, n norms on query and key.
      </p>
      <Table {...props} ours={ours} chosen={chosen?.formula.id ?? null} onChoose={choose} />
    </div>
  );
}

const MOST = 4;

/* The formula's terms beside the ledger's rows of the same kind. */
function Explained({ report, said, extent, units, scope, layers }: { report: Report; said: Said; extent: Extent; units: Units; scope: string | null; layers: number }) {
  const { formula } = said;
  const calculator = formula.layer_expression !== null;
  const parts = extent === 'layer' && calculator ? formula.layer_parts : formula.parts;
  const list = differences(parts, report, scope).map((d) => ({ ...d, kept: d.kept / layers }));
  return (
    <div class="explained" aria-live="polite">
      <h3>
        {formula.name} <span class="quiet">{formula.source}</span>
      </h3>
      <p class="math">{extent === 'layer' ? (formula.layer_expression ?? formula.expression) : calculator ? `${said.bytes === formula.bytes && report.checkpoint.policy === 'full' ? (formula.full_expression ?? formula.expression) : formula.expression}, ℓ = ${formula.layer_expression}` : formula.expression}</p>
      <p class="note">{formula.caveat}</p>
      <div class="scroll" role="region" aria-label="Where the difference is" tabIndex={0}>
        <table class="differences">
          <thead>
            <tr>
              <th scope="col">Tensors by size</th>
              <th scope="col" class="number">
                Predicted
              </th>
              <th scope="col" class="number">
                Kept
              </th>
              <th scope="col" class="number">
                Difference
              </th>
              <th scope="col">What is kept</th>
            </tr>
          </thead>
          <tbody>
            {list.map((d) => (
              <tr key={d.share}>
                <th scope="row">{d.name}</th>
                <td class="number">{d.said === 0 ? 'nothing' : <Figure bytes={d.said} units={units} />}</td>
                <td class="number">{d.kept === 0 ? 'nothing' : <Figure bytes={d.kept} units={units} />}</td>
                <td class="number">{signed(d.said - d.kept, units)}</td>
                <td class="why">
                  {d.tensors.slice(0, MOST).join(', ')}
                  {d.tensors.length > MOST && ` and ${d.tensors.length - MOST} more`}
                </td>
              </tr>
            ))}
            <tr class="ours">
              <th scope="row">{extent === 'all' ? 'Total' : 'One layer'}</th>
              <td class="number strong">
                <Figure bytes={said.bytes} units={units} />
              </td>
              <td class="number strong">
                <Figure bytes={list.reduce((sum, d) => sum + d.kept, 0)} units={units} />
              </td>
              <td class="number strong">{signed(said.bytes - list.reduce((sum, d) => sum + d.kept, 0), units)}</td>
              <td class="why">Each tensor is grouped by its widest dimension, as a formula gives terms, not tensors.</td>
            </tr>
          </tbody>
        </table>
      </div>
    </div>
  );
}

function signed(bytes: number, units: Units): string {
  return bytes === 0 ? '±0' : `${bytes > 0 ? '+' : '−'}${formatBytes(Math.abs(bytes), units)}`;
}

function Table({ report, formulas, checks, units, ours, chosen, onChoose }: ViewsProps & { ours: Record<Extent, Bytes>; chosen: string | null; onChoose: (id: string) => void }) {
  return (
    <div class="scroll" role="region" aria-label="Published formulas" tabIndex={0}>
      <table class="formulas">
        <thead>
          <tr>
            <th scope="col">Formula</th>
            <th scope="col" class="number">
              A layer
            </th>
            <th scope="col" class="number">
              Total
            </th>
            <th scope="col" class="number">
              Against actmem
            </th>
            <th scope="col">Where it differs</th>
          </tr>
        </thead>
        <tbody>
          <tr class="ours">
            <th scope="row">
              actmem<span class="plan-note">every storage that autograd keeps, once</span>
            </th>
            <td class="number strong">
              <Figure bytes={ours.layer} units={units} />
            </td>
            <td class="number strong">
              <Figure bytes={report.saved.bytes} units={units} />
            </td>
            <td class="number">1 ×</td>
            <td class="why">{report.provenance.detail}</td>
          </tr>
        </tbody>
        {grouped(formulas).map(({ source, formulas }) => (
          <tbody key={source}>
            <tr class="group">
              <th scope="rowgroup" colSpan={5}>
                {source}
              </th>
            </tr>
            {formulas.map((formula) => (
              <FormulaRow
                key={formula.id}
                formula={formula}
                computed={checks.find(({ id }) => id === formula.id)?.computed ?? null}
                units={units}
                chosen={formula.id === chosen}
                onChoose={formula.compares === null ? null : () => onChoose(formula.id)}
              />
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

interface RowProps {
  formula: Formula;
  computed: number | null;
  units: Units;
  chosen: boolean;
  /** null: nothing to hold it against. */
  onChoose: (() => void) | null;
}

function FormulaRow({ formula, computed, units, chosen, onChoose }: RowProps) {
  const { published } = formula;
  const perLayer = formula.unit === 'bytes per layer';
  return (
    <tr data-chosen={chosen ? '' : undefined}>
      <th scope="row">
        {onChoose === null ? (
          formula.name
        ) : (
          <button type="button" class="formula-name" aria-pressed={chosen} onClick={onChoose}>
            {formula.name}
          </button>
        )}
        {formula.layer_expression !== null && <span class="expression math">ℓ = {formula.layer_expression}</span>}
        <span class="expression math">{formula.expression}</span>
      </th>
      <td class="number" data-label="A layer">
        {perLayer ? <Quantity value={formula.bytes} unit="bytes" units={units} /> : formula.layer_bytes === null ? '–' : <Figure bytes={formula.layer_bytes} units={units} />}
      </td>
      <td class="number" data-label="Total">
        {perLayer ? '–' : <Quantity value={formula.bytes} unit={formula.unit} units={units} />}
      </td>
      <td class="number" data-label="Against actmem">
        {formula.ratio === null ? '–' : `${threeDigits(formula.ratio)} ×`}
      </td>
      <td class="why">
        {formula.caveat}
        <span class="plan-note">
          {published.of === 'layer' ? 'A layer of Llama 3 8B at 8,192 tokens, by another implementation' : 'Published'}: {formatCount(published.value)} {published.of === 'layer' ? 'bytes' : formula.unit}
          {computed === published.value ? ', reproduced exactly' : computed !== null && `; computed here: ${formatCount(computed)}`}
        </span>
      </td>
    </tr>
  );
}

function Quantity({ value, unit, units }: { value: number | null; unit: string; units: Units }) {
  if (value === null) return <span class="quiet">no answer</span>;
  const [first, ...rest] = unit.split(' ');
  return (
    <>
      {first === 'bytes' ? <Figure bytes={value} units={units} /> : formatCount(value)}
      {unit !== 'bytes' && <span class="rounded">{first === 'bytes' ? rest.join(' ') : unit}</span>}
    </>
  );
}

/* Explanations by where they stand; calculators together. */
function grouped(formulas: readonly Formula[]): { source: string; formulas: Formula[] }[] {
  const groups = new Map<string, Formula[]>();
  for (const formula of formulas) {
    const group = formula.layer_expression === null ? formula.source : 'calculators and papers';
    groups.set(group, [...(groups.get(group) ?? []), formula]);
  }
  return [...groups].map(([source, list]) => ({ source, formulas: list }));
}
