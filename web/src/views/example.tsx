/* The worked example: each tensor's formula, the same line with the numbers put in, its bytes; then the sums. */
import type { ExampleLine, Report, Units } from '../../../wasm/report';
import { formatBytes, formatCount } from '../format/bytes';
import { FormulaText, Glyph, SubstitutedText } from './math';

export function WorkedExample({ report, units }: { report: Report; units: Units }) {
  const { symbols, saved } = report;
  const total = report.example.find((line) => line.scope === 'total');
  return (
    <div class="example">
      <dl class="symbols">
        {symbols.map((s) => (
          <div key={s.symbol}>
            <dt>
              <Glyph text={s.symbol} symbolKey={s.key} />
            </dt>
            <dd>
              {s.name} <b>{formatCount(s.value)}</b>
            </dd>
          </div>
        ))}
      </dl>
      {groups(report.example.filter((line) => line.scope !== 'total')).map(({ scope, lines }) => (
        <section key={scope} class="example-group">
          <h3>{scope === 'shared' ? 'Shared by all layers' : scope === 'outside' ? 'Outside the layers' : `In ${(lines[0]?.count ?? 1) > 1 ? 'each' : 'the'} ${scope}`}</h3>
          <ol class="lines">
            {lines.map((line, i) => (
              <LineView key={`${i} ${line.name}`} line={line} report={report} units={units} />
            ))}
          </ol>
        </section>
      ))}
      <div class="closed">
        <p class="closed-title">The whole model, in one line</p>
        <p class="closed-form">
          <FormulaText text={saved.formula} symbols={symbols} />
        </p>
        {total !== undefined && (
          <p class="closed-form closed-numbers">
            = <SubstitutedText text={total.substituted} formula={total.formula} symbols={symbols} />
          </p>
        )}
        <p class="closed-value">
          = <b>{formatCount(saved.bytes)}</b> bytes{units !== 'bytes' && <> = {formatBytes(saved.bytes, units)}</>}
        </p>
      </div>
    </div>
  );
}

function LineView({ line, report, units }: { line: ExampleLine; report: Report; units: Units }) {
  const sum = line.component === undefined;
  return (
    <li class={`line ${sum ? 'line-sum' : `c-${line.component}`}`}>
      <span class="line-name">
        {!sum && <span class="swatch" />}
        {line.name}
      </span>
      <span class="line-formula">
        <FormulaText text={line.formula} symbols={report.symbols} />
      </span>
      <span class="line-numbers">
        = <SubstitutedText text={line.substituted} formula={line.formula} symbols={report.symbols} />
      </span>
      <span class="line-bytes">
        = {formatCount(line.bytes)}
        <span class="rounded">
          {units === 'bytes' ? '' : formatBytes(line.bytes, units)}
          {line.count > 1 && ` × ${formatCount(line.count)}`}
        </span>
      </span>
    </li>
  );
}

function groups(lines: readonly ExampleLine[]): { scope: string; lines: ExampleLine[] }[] {
  const result: { scope: string; lines: ExampleLine[] }[] = [];
  for (const line of lines) {
    const last = result.find((g) => g.scope === line.scope);
    if (last === undefined) result.push({ scope: line.scope, lines: [line] });
    else last.lines.push(line);
  }
  return result.sort((x, y) => rank(x.scope) - rank(y.scope));
}

/* Kinds of layer first, then what they share, then what stands outside. */
const rank = (scope: string): number => ['shared', 'outside'].indexOf(scope);
