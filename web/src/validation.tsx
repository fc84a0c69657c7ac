import { render } from 'preact';
import file from '../made/validation.json?url';
import { keepLater } from './offline/later';
import { breath } from './state/afterwards';
import { Validation, type ValidationData } from './views/validation';

const page = document.getElementById('page') as HTMLElement;

async function start(): Promise<void> {
  try {
    const response = await fetch(new URL(file, document.baseURI));
    if (!response.ok) throw new Error(`validation.json: ${response.status} ${response.statusText}`.trimEnd());
    const data = (await response.json()) as ValidationData;
    await breath();
    page.replaceChildren();
    render(<Validation data={data} />, page);
    keepLater();
  } catch (error) {
    page.querySelector('.waiting')?.replaceChildren(`The measured cases could not be loaded: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

void start();
