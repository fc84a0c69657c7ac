import { render } from 'preact';
import { loadCore, loadWhole } from '../../wasm/actmem';
import { Store } from './state/store';
import { App } from './views/app';
import { Failure } from './views/failure';

const page = document.getElementById('page') as HTMLElement;

async function start(): Promise<void> {
  try {
    const core = await loadCore(new URL('core.wasm', document.baseURI), new URL('tables.json', document.baseURI));
    const store = new Store(core, () => loadWhole(new URL('whole.wasm', document.baseURI)));
    page.replaceChildren();
    render(<App store={store} />, page);
  } catch (error) {
    page.replaceChildren();
    render(<Failure error={error} onRetry={() => location.reload()} />, page);
  }
}

void start();
