/* Checkpointing as a game: what each layer does is the player's, what the step then takes is the core's. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ActmemError, type Whole } from '../../../wasm/actmem';
import type { Bytes, FrontierPlan, Microseconds, Plan, Report, Units } from '../../../wasm/report';
import { activationPeak } from '../charts/bar-layout';
import { FrontierLine } from '../charts/frontier';
import { againOf } from '../charts/frontier-layout';
import { Tradeoff } from '../charts/tradeoff';
import { formatBytes, formatPercent } from '../format/bytes';
import { frontierOf, planText } from '../format/frontier';
import { formatTime, timeOf } from '../format/time';
import { report as askReport } from '../state/ask';
import { changeQuery, WITHOUT } from '../state/query';
import { useSearch } from '../state/searched';
import type { Store } from '../state/store';
import { Figure } from '../views/figure';
import { Switch } from '../views/switch';
import { equalRegions, firstLayers, type Piece, placed, regionsOf } from './game-plan';
import { TableHead } from '../views/table-head';

interface GameProps {
  store: Store;
  report: Report;
  whole: Whole;
  units: Units;
}

/* In the chart, in place of a list of regions. */
const YOURS = 'yours';

const SAID: Record<Piece, string> = { keep: 'keeps everything', begin: 'keeps its input, is recomputed', join: 'is recomputed with the layer before it' };

/* Policies that the player can lay out too: the board's first moves, and the marks to reach. */
const LAYOUTS = ['none', 'block', 'full', 'every', 'sqrt', 'best'];

export function Game({ store, report, whole, units }: GameProps) {
  const layers = report.model.layers;
  const { fields } = store.tables;
  const text = (checkpoint: string) => changeQuery(report.query, { ...WITHOUT, checkpoint, timeline: 'none' }, fields);
  const pieces = useSignal<Piece[]>(equalRegions(layers, 0));
  const brush = useSignal<Piece>('begin');
  const last = useRef<Report | null>(null);
  if (pieces.value.length !== layers) pieces.value = equalRegions(layers, 0);

  let fault: string | null = null;
  let played: Report | null = null;
  try {
    played = whole.evaluate(text(regionsOf(pieces.value)));
    last.current = played;
  } catch (error) {
    if (!(error instanceof ActmemError)) throw error;
    fault = error.message;
  }
  const shown = played ?? (last.current?.model.layers === layers ? last.current : null);
  const searched = useSearch(askReport, played === null ? null : `${text(regionsOf(pieces.value))}&frontier=yes`);

  /* Of these inputs: others are another game. */
  const base = text('none');
  const game = useRef(base);
  const times = useSignal<ReadonlyMap<string, Microseconds>>(NONE);
  const own = shown === null ? undefined : planOf(shown);
  const goals = shown === null ? [] : goalsOf(shown.checkpoint.plans);
  useEffect(() => {
    const before = game.current === base ? times.value : NONE;
    game.current = base;
    times.value = own === undefined ? before : bestTimes(goals, own, before);
  }, [base, own]);

  if (shown === null) {
    return (
      <p class="game-not">
        <span class="fault">The game can’t be played with these inputs: {fault}.</span>{' '}
        <button type="button" class="button-quiet" onClick={() => store.choosePreset('llama-3-8b')}>
          Play with Llama 3 8B
        </button>
      </p>
    );
  }

  /* One of another plan of these inputs has the same frontier. */
  const bare = (query: string) => changeQuery(query, { checkpoint: null, frontier: null }, fields);
  const found = searched.found !== null && bare(searched.found.text) === bare(base) ? searched.found.answer : null;
  const fresh = found !== null && searched.found?.text === `${text(regionsOf(pieces.value))}&frontier=yes` ? planOf(found) : undefined;
  const frontier = found === null ? null : frontierOf(found.checkpoint);
  const lay = (next: Piece[]) => (pieces.value = next);
  const plans = shown.checkpoint.plans.filter((p) => !p.reentrant && (p.chosen || LAYOUTS.includes(p.policy.replace(/:.*/, ''))));
  return (
    <div class="game">
      <Goals goals={goalsOf((found ?? shown).checkpoint.plans)} times={times.value} units={units} />
      <div class="game-tools">
        <Switch
          name="piece"
          label="What a layer you choose will do"
          value={brush.value}
          options={[
            ['begin', 'checkpoint'],
            ['join', 'join the one before'],
            ['keep', 'keep everything'],
          ]}
          onChange={(piece: Piece) => {
            brush.value = piece;
          }}
        />
        <span class="game-layouts">
          <button type="button" class="button-quiet" onClick={() => lay(equalRegions(layers, 0))}>
            none
          </button>
          <button type="button" class="button-quiet" onClick={() => lay(firstLayers(layers, Math.floor(layers / 2)))}>
            half
          </button>
          <button type="button" class="button-quiet" onClick={() => lay(equalRegions(layers, 1))}>
            every layer
          </button>
          <button type="button" class="button-quiet" onClick={() => lay(equalRegions(layers, 4))}>
            every 4
          </button>
        </span>
      </div>
      <Board pieces={pieces.value} brush={brush.value} onPlace={(i, piece) => lay(placed(pieces.value, i, piece))} />
      <p class="game-fault" role="status">
        {fault !== null && <span class="fault">{fault}. Fewer, longer runs of layers that do the same are within what it takes.</span>}
      </p>
      {own !== undefined && <Score own={own} fresh={fresh} shown={shown} found={found} units={units} query={text(regionsOf(pieces.value))} />}
      {own !== undefined && <Chart shown={shown} plans={plans} found={found} frontier={frontier} units={units} onLayout={(plan) => layoutOf(plan, layers, lay)} />}
    </div>
  );
}

const NONE: ReadonlyMap<string, Microseconds> = new Map();

const planOf = ({ checkpoint }: Report): Plan | undefined => checkpoint.plans.find((p) => p.chosen);

/* A named policy's layout on the board. */
function layoutOf(plan: Plan, layers: number, lay: (pieces: Piece[]) => void): void {
  const number = Number(plan.policy.split(':')[1] ?? plan.layers_each ?? 0);
  if (plan.policy === 'none') lay(equalRegions(layers, 0));
  else if (plan.policy === 'full') lay(equalRegions(layers, 1));
  else if (plan.policy.startsWith('block:')) lay(firstLayers(layers, number));
  else if (number > 0 && !plan.policy.startsWith('regions:')) lay(equalRegions(layers, number));
}

interface BoardProps {
  pieces: readonly Piece[];
  brush: Piece;
  onPlace: (index: number, piece: Piece) => void;
}

const KEYS: Readonly<Record<string, Piece>> = { c: 'begin', j: 'join', k: 'keep' };

/* One tab stop; arrows walk, Enter and the space bar place the chosen piece, c, j and k their own; a pointer or, sideways, a finger may be drawn along. */
function Board({ pieces, brush, onPlace }: BoardProps) {
  const board = useRef<HTMLDivElement>(null);
  const at = useSignal(0);
  const drawing = useRef<number | null>(null);
  const cell = (i: number) => board.current?.querySelector<HTMLElement>(`[data-layer="${i}"]`);
  const under = (event: PointerEvent): number | null => {
    const hit = document.elementFromPoint(event.clientX, event.clientY)?.closest<HTMLElement>('[data-layer]');
    return hit != null && board.current?.contains(hit) ? Number(hit.dataset['layer']) : null;
  };
  const place = (i: number, piece: Piece = brush) => {
    at.value = i;
    onPlace(i, piece);
  };
  useEffect(() => {
    const end = () => (drawing.current = null);
    addEventListener('pointerup', end);
    addEventListener('pointercancel', end);
    return () => {
      removeEventListener('pointerup', end);
      removeEventListener('pointercancel', end);
    };
  }, []);
  const walk = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -pieces.length, End: pieces.length }[event.key];
    const own = event.ctrlKey || event.metaKey || event.altKey ? undefined : KEYS[event.key.toLowerCase()];
    if (own !== undefined) place(at.value, own);
    if (step === undefined) return;
    event.preventDefault();
    const next = Math.min(pieces.length - 1, Math.max(0, at.value + step));
    if (event.shiftKey) place(next, pieces[at.value] === 'begin' && brush === 'join' ? 'join' : (pieces[at.value] ?? brush));
    at.value = next;
    cell(next)?.focus();
  };
  return (
    <div class="board-frame">
      <div
        ref={board}
        class="board"
        role="group"
        aria-label="Layers, from the embedding on. Arrow keys go from layer to layer, Enter places what is chosen above; c checkpoints, j joins, k keeps; Shift and an arrow carry it on."
        onKeyDown={walk}
        onPointerDown={(event) => {
          drawing.current = under(event);
        }}
        onPointerMove={(event) => {
          const i = drawing.current === null ? null : under(event);
          if (i === null || i === drawing.current) return;
          place(drawing.current ?? i);
          drawing.current = i;
          place(i);
        }}
      >
        {pieces.map((piece, i) => (
          <button
            key={i}
            type="button"
            class="piece-cell"
            data-layer={i}
            data-piece={piece}
            data-open={pieces[i + 1] === 'join' ? '' : undefined}
            tabIndex={i === Math.min(at.value, pieces.length - 1) ? 0 : -1}
            aria-label={`Layer ${i}: ${SAID[piece]}`}
            onFocus={() => (at.value = i)}
            onClick={() => place(i, pieces[i] === brush && brush !== 'keep' ? 'keep' : brush)}
          >
            <span class="piece-tower" />
            <span class="piece-number">{i}</span>
          </button>
        ))}
      </div>
      <ul class="board-key">
        <li>
          <span class="piece-sample" data-piece="keep" /> keeps everything
        </li>
        <li>
          <span class="piece-sample" data-piece="begin" /> keeps its input, is recomputed
        </li>
        <li>
          <span class="piece-sample" data-piece="join" /> is recomputed with the layer before it
        </li>
      </ul>
    </div>
  );
}

/* Peaks that named policies set: whoever lays out a plan that is no higher has reached one, and may do so in less time. */
export interface Goal {
  name: string;
  peak: Bytes;
  /** The least that any plan of the exact frontier runs again at that peak; null until it is known. */
  par: Microseconds | null;
}

export function goalsOf(plans: readonly Plan[]): Goal[] {
  const goal = (policy: RegExp, name: string): Goal[] => {
    const plan = plans.find((p) => policy.test(p.policy) && !p.reentrant && !p.chosen);
    return plan === undefined ? [] : [{ name, peak: activationPeak(plan), par: parOf(plan) }];
  };
  return [
    ...goal(/^block:/, 'Match checkpointing half of the layers'),
    ...goal(/^save:matmuls$/, 'Match keeping every matrix product, with whole layers only'),
    ...goal(/^full$/, 'Match checkpointing every layer'),
    ...goal(/^best$/, 'Reach the lowest peak of equal regions'),
  ];
}

/* Where the frontier was searched for, each plan has how far it is above it. */
function parOf(plan: Plan): Microseconds | null {
  const above = timeOf(plan, 'excess_time');
  return above === null || above < 0 ? null : againTime(plan) - above;
}

/** The least time in which each was reached, with this plan too. */
export function bestTimes(goals: readonly Goal[], own: Plan, before: ReadonlyMap<string, Microseconds>): ReadonlyMap<string, Microseconds> {
  const again = timeOf(own, 'recomputed_time');
  if (again === null) return before;
  const better = goals.filter((goal) => activationPeak(own) <= goal.peak && again < (before.get(goal.name) ?? Infinity));
  return better.length === 0 ? before : new Map([...before, ...better.map((goal): [string, Microseconds] => [goal.name, again])]);
}

/** The cheapest of the frontier's marked plans whose peak is no higher. */
export function cheapestAt(plans: readonly FrontierPlan[], peak: Bytes): FrontierPlan | undefined {
  return plans.filter((p) => p.peak_bytes <= peak).reduce<FrontierPlan | undefined>((best, p) => (best === undefined || againTime(p) < againTime(best) ? p : best), undefined);
}

const againTime = (plan: Plan | FrontierPlan): Microseconds => timeOf(plan, 'recomputed_time') ?? 0;

function Goals({ goals, times, units }: { goals: readonly Goal[]; times: ReadonlyMap<string, Microseconds>; units: Units }) {
  return (
    <div class="scroll" role="region" aria-label="Goals" tabIndex={0}>
      <table class="goals">
        <TableHead texts={['Goal']} figures={['Peak', 'Your best', 'Exact frontier']} />
        <tbody>
          {goals.map(({ name, peak, par }) => {
            const time = times.get(name);
            return (
              <tr key={name} data-done={time === undefined ? undefined : ''}>
                <th scope="row">
                  <span class="goal-mark" aria-hidden="true">
                    {time === undefined ? '' : '✓'}
                  </span>
                  {name}
                </th>
                <td class="number">
                  <Figure bytes={peak} units={units} />
                </td>
                <td class="number">{time === undefined ? 'not yet' : formatTime(time)}</td>
                <td class="number">{par === null ? '–' : formatTime(par)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

interface ScoreProps {
  own: Plan;
  /** The same with its distance from the frontier, once that is found. */
  fresh: Plan | undefined;
  shown: Report;
  found: Report | null;
  units: Units;
  query: string;
}

function Score({ own, fresh, shown, found, units, query }: ScoreProps) {
  const again = againTime(own);
  const forward = shown.cost?.forward_time_us ?? 0;
  return (
    <>
      <dl class="game-score">
        <div>
          <dt>Peak</dt>
          <dd>
            <Figure bytes={activationPeak(own)} units={units} />
          </dd>
        </div>
        <div>
          <dt>Kept after forward</dt>
          <dd>
            <Figure bytes={own.saved_bytes} units={units} />
          </dd>
        </div>
        <div>
          <dt>Recomputed</dt>
          <dd>
            {formatTime(again)}
            {forward > 0 && <span class="quiet"> {formatPercent(again / forward)} of forward</span>}
          </dd>
        </div>
      </dl>
      <p class="game-said" aria-live="polite">
        {excessSaid(fresh, units)}{' '}
        {found !== null && fresh !== undefined && <BestAt own={own} found={found} />}{' '}
        <a href={`./#${query.replace(/&?timeline=none/, '')}`}>Open this plan in the calculator</a>
      </p>
    </>
  );
}

function excessSaid(fresh: Plan | undefined, units: Units): string {
  if (fresh === undefined) return 'Comparing with the exact frontier …';
  if (fresh.excess_bytes === undefined) return 'There is no exact frontier for these inputs.';
  const time = timeOf(fresh, 'excess_time') ?? 0;
  if (fresh.excess_bytes <= 0 && time <= 0) return 'On the exact frontier: no plan with this peak recomputes less.';
  const more = [...(time > 0 ? [`${formatTime(time)} could be saved at this peak`] : []), ...(fresh.excess_bytes > 0 ? [`${formatBytes(fresh.excess_bytes, units)} of peak at this time`] : [])];
  return `Against the exact frontier ${more.join(', or ')}.`;
}

/* The cheapest of the frontier's marked plans whose peak is no higher than the player's. */
function BestAt({ own, found }: { own: Plan; found: Report }) {
  const best = cheapestAt(frontierOf(found.checkpoint) ?? [], activationPeak(own));
  const words = best === undefined || againTime(best) >= againTime(own) ? '' : planText(best, found.checkpoint.frontier_choices ?? []);
  return words === '' ? null : <>There, {words}.</>;
}

function Chart({ shown, plans, found, frontier, units, onLayout }: { shown: Report; plans: readonly Plan[]; found: Report | null; frontier: readonly FrontierPlan[] | null; units: Units; onLayout: (plan: Plan) => void }) {
  const forward = shown.cost?.forward_time_us ?? 0;
  if (forward <= 0) return null;
  return (
    <Tradeoff
      plans={plans.map((p) => (p.chosen ? { ...p, policy: YOURS } : p))}
      axis={{ again: (p) => (timeOf(p, 'recomputed_time') ?? 0) / forward, reach: (frontier ?? []).map((p) => ({ again: againOf(p, forward), memory: p.peak_bytes })) }}
      axisTitle={`recomputation, share of the forward pass (${formatTime(forward)})`}
      said={(p) => `${formatTime(timeOf(p, 'recomputed_time') ?? 0)} recomputed`}
      measure="activations"
      name="Peak"
      units={units}
      onChoose={onLayout}
      behind={
        frontier === null
          ? undefined
          : (layout, onOver) => (
              <FrontierLine plans={frontier} choices={found?.checkpoint.frontier_choices ?? []} forward={forward} layout={layout} units={units} chosen={null} onOver={onOver} onChoose={() => undefined} />
            )
      }
    />
  );
}
