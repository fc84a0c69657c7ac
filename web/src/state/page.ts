/* The store of a page: its text is in the address, and a plan is searched for on a thread of its own. */
import type { Core, Whole } from '../../../wasm/actmem';
import type { Report } from '../../../wasm/report';
import { pageAddress } from './address';
import type { Question } from './ask';
import { Store } from './store';

const search: Question<Report> = async (text, signal) => (await import('./ask')).shown(text, signal);

export const pageStore = (core: Core, load: () => Promise<Whole>): Store => new Store(core, load, pageAddress, search);
