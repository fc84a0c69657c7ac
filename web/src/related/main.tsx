/* The pages beside the calculator: each one question, asked of the same core. */
import { render } from 'preact';
import { loadTables, loadWhole } from '../../../wasm/actmem';
import { tablesFile, wholeFile } from '../state/files';
import { PageStore } from '../state/page-store';
import { Failure } from '../views/failure';
import type { Opening, RelatedPage } from './page';

const PAGES: Readonly<Record<string, () => Promise<{ default: RelatedPage; opening?: Opening }>>> = {
  zero: () => import('./zero'),
  accumulation: () => import('./accumulation'),
  gpu: () => import('./gpu'),
};

const page = document.getElementById('page') as HTMLElement;

async function start(): Promise<void> {
  try {
    const load = PAGES[document.documentElement.dataset['page'] ?? ''];
    if (load === undefined) throw new Error('there is no such page');
    const [whole, tables, { default: View, opening }] = await Promise.all([loadWhole(wholeFile), loadTables(tablesFile), load()]);
    const store = new PageStore({ evaluate: whole.evaluate, tables }, async () => whole);
    await store.needWhole();
    const changes = opening?.(store);
    if (changes != null) store.edit(changes);
    await store.ready();
    page.replaceChildren();
    render(<View store={store} />, page);
  } catch (error) {
    page.replaceChildren();
    render(<Failure error={error} onRetry={() => location.reload()} />, page);
  }
}

void start();
