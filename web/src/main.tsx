import { render } from 'preact';
import { loadCore, loadWhole } from '../../wasm/actmem';
import { keepLater } from './offline/later';
import { coreFile, tablesFile, wholeFile } from './state/files';
import { PageStore } from './state/page-store';
import { App } from './views/app';
import { Failure } from './views/failure';

const page = document.getElementById('page') as HTMLElement;

async function start(): Promise<void> {
  try {
    const core = await loadCore(coreFile, tablesFile);
    const store = new PageStore(core, () => loadWhole(wholeFile));
    page.replaceChildren();
    render(<App store={store} />, page);
    keepLater();
  } catch (error) {
    page.replaceChildren();
    render(<Failure error={error} onRetry={() => location.reload()} />, page);
  }
}

void start();
