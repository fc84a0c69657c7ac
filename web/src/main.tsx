import { render } from 'preact';
import { loadCore, loadWhole } from '../../wasm/actmem';
import { readFonts } from './charts/measure';
import { keepLater } from './offline/later';
import { breath } from './state/afterwards';
import { coreFile, tablesFile, wholeFile } from './state/files';
import { PageStore } from './state/page-store';
import { App } from './views/app';
import { Failure } from './views/failure';

const page = document.getElementById('page') as HTMLElement;

async function start(): Promise<void> {
  try {
    readFonts(document.documentElement);
    const core = await loadCore(coreFile, tablesFile);
    await breath();
    const store = new PageStore(core, () => loadWhole(wholeFile));
    /* Computed once, here: it compiles what it calls. */
    await store.ready();
    await breath();
    page.replaceChildren();
    render(<App store={store} />, page);
    keepLater();
  } catch (error) {
    page.replaceChildren();
    render(<Failure error={error} onRetry={() => location.reload()} />, page);
  }
}

void start();
