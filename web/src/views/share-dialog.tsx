/* Link, text, Markdown, LaTeX, CSV, JSON, or a figure for another page: to copy, or to save where it is long. */
import '../styles/share.css';
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type Exported, sentence, toCsv, toLatex, toMarkdown, toText } from '../format/export';
import type { Store } from '../state/store';
import { EmbedBuilder } from './embed-builder';
import { Copyable } from './copyable';
import { Switch } from './switch';

type Kind = 'link' | 'text' | 'markdown' | 'latex' | 'csv' | 'json' | 'embed';

const KINDS: readonly (readonly [Kind, string])[] = [
  ['link', 'Link'],
  ['text', 'Text'],
  ['markdown', 'Markdown'],
  ['latex', 'LaTeX'],
  ['csv', 'CSV'],
  ['json', 'JSON'],
  ['embed', 'Embed'],
];

/* One file on a disk is no site that others could take figures from. */
const EMBEDS = import.meta.env.MODE !== 'single';

const ABOUT: Readonly<Record<Kind, string>> = {
  link: 'This configuration: only what differs from the preset and the defaults.',
  text: 'The answer and its components.',
  markdown: 'The answer and a table of its components.',
  latex: 'A table with a caption, for booktabs.',
  csv: 'Every saved tensor, one per line; bytes × count add up to the total.',
  json: 'The whole report, as the command line prints it with --json.',
  embed: 'A live figure for another page: documentation, an article, a notebook.',
};

export function ShareDialog({ store, onClose }: { store: Store; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const kind = useSignal<Kind>('link');
  const { report } = store.answer.value;
  const site = new URL('.', document.baseURI).href;
  const link = `${location.href.replace(/#.*/, '')}#${report.query}`;
  const exported: Exported = { report, fields: store.tables.fields, units: store.units.value, link };
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="import share" aria-labelledby="share-title" onClose={onClose} onClick={(event) => event.target === dialog.current && dialog.current?.close()}>
      <div class="share-inside">
        <div class="share-head">
          <h2 id="share-title">Share</h2>
          <button type="button" class="button-quiet" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </div>
        <Switch name="share" label="As" value={kind.value} options={KINDS.filter(([kind]) => kind !== 'embed' || EMBEDS)} onChange={(value: Kind) => (kind.value = value)} />
        <p>{ABOUT[kind.value]}</p>
        {kind.value === 'embed' ? (
          <EmbedBuilder query={report.query} site={site} words={sentence(exported)} />
        ) : kind.value === 'json' ? (
          <JsonPart store={store} query={report.query} />
        ) : (
          <Copyable key={kind.value} text={textOf(kind.value, exported)} label={kind.value} save={kind.value === 'csv' ? 'actmem.csv' : undefined} />
        )}
      </div>
    </dialog>
  );
}

function textOf(kind: Exclude<Kind, 'embed' | 'json'>, exported: Exported): string {
  switch (kind) {
    case 'link':
      return exported.link;
    case 'text':
      return toText(exported);
    case 'markdown':
      return toMarkdown(exported);
    case 'latex':
      return toLatex(exported);
    case 'csv':
      return toCsv(exported);
  }
}

/* whole.wasm writes it. */
function JsonPart({ store, query }: { store: Store; query: string }) {
  const text = useSignal<string | null>(null);
  const fault = useSignal<string | null>(null);
  useEffect(() => {
    store.needWhole().then(
      (whole) => (text.value = whole.evaluateJson(query)),
      (error: unknown) => (fault.value = error instanceof Error ? error.message : String(error)),
    );
  }, [query]);
  if (fault.value !== null) return <p class="fault">The report could not be written: {fault.value}.</p>;
  return text.value === null ? <p role="status">Loading the rest of the calculator …</p> : <Copyable text={text.value} label="json" save="actmem.json" />;
}
