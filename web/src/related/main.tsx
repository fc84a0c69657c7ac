/* The pages beside the calculator: each one question, asked of the same core. */
import { render } from 'preact';
import { loadTables, loadWhole } from '../../../wasm/actmem';
import { Store } from '../state/store';
import { Failure } from '../views/failure';
import type { RelatedPage } from './page';

const PAGES: Readonly<Record<string, () => Promise<{ default: RelatedPage }>>> = {
  zero: () => import('./zero'),
  accumulation: () => import('./accumulation'),
  gpu: () => import('./gpu'),
};

const page = document.getElementById('page') as HTMLElement;
const address = (name: string): URL => new URL(name, document.baseURI);

async function start(): Promise<void> {
  try {
    const load = PAGES[document.documentElement.dataset['page'] ?? ''];
    if (load === undefined) throw new Error('there is no such page');
    const [whole, tables, { default: View }] = await Promise.all([loadWhole(address('whole.wasm')), loadTables(address('tables.json')), load()]);
    const store = new Store({ evaluate: whole.evaluate, tables }, async () => whole);
    await store.needWhole();
    page.replaceChildren();
    render(<View store={store} />, page);
  } catch (error) {
    page.replaceChildren();
    render(<Failure error={error} onRetry={() => location.reload()} />, page);
  }
}

void start();
