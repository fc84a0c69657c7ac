import { render } from 'preact';
import type { ComponentChildren } from 'preact';
import { loadCore, loadWhole } from '../../wasm/actmem';
import { readFonts } from './charts/measure';
import { Inputs } from './form/inputs';
import { keepCites } from './learn/cites';
import { keepFigures, keepLinks } from './learn/live';
import { keepScore } from './learn/quiz';
import { breath } from './state/afterwards';
import { coreFile, tablesFile, wholeFile } from './state/files';
import { going } from './state/media';
import { PageStore } from './state/page-store';
import { changeQuery, WITHOUT } from './state/query';
import { Masthead } from './views/header';
import { Late } from './views/late';
import { StepOverTime } from './views/step';

type Budgets = typeof import('./learn/budget');
type ByLength = typeof import('./learn/lengths');
type Coefficients = typeof import('./learn/coefficients');
type Stacks = typeof import('./learn/stacks');
type Games = typeof import('./learn/game');
const loaded: { budget: Budgets | null; lengths: ByLength | null; coefficients: Coefficients | null; stacks: Stacks | null; game: Games | null } = { budget: null, lengths: null, coefficients: null, stacks: null, game: null };

const part = (name: string): HTMLElement => document.querySelector(`[data-part="${name}"]`) as HTMLElement;

/** In place of what stands there without JavaScript. */
function fill(name: string, children: ComponentChildren): void {
  const place = part(name);
  place.replaceChildren();
  render(children, place);
}

function Top({ store }: { store: PageStore }) {
  return <Masthead current="learn" query={store.answer.value.report.query} units={store.units.value} onUnits={(units) => store.choose({ units })} />;
}

function Chooser({ store }: { store: PageStore }) {
  return <Inputs store={store} answer={store.answer.value} />;
}

function Budget({ store }: { store: PageStore }) {
  return (
    <Late store={store} what="the figures" loaded={loaded.budget} load={async () => (loaded.budget = await import('./learn/budget'))}>
      {(views, whole) => {
        const { fit } = whole.evaluate(store.answer.value.report.query);
        return fit && <views.Budget fit={fit} units={store.units.value} />;
      }}
    </Late>
  );
}

function Lengths({ store }: { store: PageStore }) {
  return (
    <Late store={store} what="the figures" loaded={loaded.lengths} load={async () => (loaded.lengths = await import('./learn/lengths'))}>
      {(views, whole) => <views.Lengths store={store} report={whole.evaluate(store.answer.value.report.query)} units={store.units.value} />}
    </Late>
  );
}

function Step({ store }: { store: PageStore }) {
  return <StepOverTime report={store.answer.value.report} without={store.without.value} units={store.units.value} />;
}

function Taken({ store }: { store: PageStore }) {
  return (
    <Late store={store} what="the ledger" loaded={loaded.coefficients} load={async () => (loaded.coefficients = await import('./learn/coefficients'))}>
      {(views, whole) => <views.Coefficients report={whole.evaluate(changeQuery(store.answer.value.report.query, WITHOUT, store.tables.fields))} units={store.units.value} />}
    </Late>
  );
}

function Codes({ store }: { store: PageStore }) {
  return (
    <Late store={store} what="the other codes" loaded={loaded.stacks} load={async () => (loaded.stacks = await import('./learn/stacks'))}>
      {(views, whole) => <views.Stacks report={store.answer.value.report} whole={whole} store={store} units={store.units.value} />}
    </Late>
  );
}

function Board({ store }: { store: PageStore }) {
  return (
    <Late store={store} what="the game" loaded={loaded.game} load={async () => (loaded.game = await import('./learn/game'))}>
      {(views, whole) => <views.Game store={store} report={store.answer.value.report} whole={whole} units={store.units.value} />}
    </Late>
  );
}

/** Behind the # are the inputs: a section's name there is gone to and taken out again. */
function goTo(id: string, how: ScrollIntoViewOptions): boolean {
  const section = id === '' ? null : document.getElementById(id);
  if (section === null) return false;
  section.scrollIntoView(how);
  section.tabIndex = -1;
  section.focus({ preventScroll: true });
  return true;
}

function keepSections(): void {
  const named = () => {
    if (!goTo(location.hash.slice(1), {})) return;
    history.replaceState(null, '', location.pathname + location.search);
    dispatchEvent(new PopStateEvent('popstate'));
  };
  addEventListener('hashchange', named);
  named();
}

/** Which section is being read, in the list of contents. */
function keepPlace(): void {
  const links = new Map([...document.querySelectorAll<HTMLAnchorElement>('.contents a')].map((link) => [link.hash.slice(1), link]));
  for (const [id, link] of links) link.addEventListener('click', (event) => goTo(id, { behavior: going() }) && event.preventDefault());
  const seen = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (!isIntersecting) continue;
        /* The opening is in none. */
        for (const link of links.values()) link.removeAttribute('aria-current');
        links.get(target.id)?.setAttribute('aria-current', 'true');
      }
    },
    { rootMargin: '-20% 0px -75% 0px' },
  );
  for (const section of document.querySelectorAll('.opening, .learn article > section')) seen.observe(section);
}

async function start(): Promise<void> {
  keepScore(part('quiz') as HTMLFormElement);
  keepCites(document);
  try {
    readFonts(document.documentElement);
    const core = await loadCore(coreFile, tablesFile);
    await breath();
    const store = new PageStore(core, () => loadWhole(wholeFile));
    await store.ready();
    await breath();
    fill('masthead', <Top store={store} />);
    fill('inputs', <Chooser store={store} />);
    await breath();
    fill('budget', <Budget store={store} />);
    fill('lengths', <Lengths store={store} />);
    fill('step', <Step store={store} />);
    fill('coefficients', <Taken store={store} />);
    fill('stacks', <Codes store={store} />);
    fill('game', <Board store={store} />);
    await breath();
    keepFigures(document, store);
    keepLinks(document, store);
    keepSections();
    keepPlace();
    document.documentElement.dataset['live'] = '';
  } catch (error) {
    const said = document.createElement('p');
    said.className = 'fault';
    said.setAttribute('role', 'alert');
    said.textContent = `The live figures could not be loaded: ${error instanceof Error ? error.message : String(error)}. The text below is complete without them.`;
    part('inputs').replaceChildren(said);
  }
}

void start();
