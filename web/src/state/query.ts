/* The query text, "model=llama-3-8b&seq=8192": the page's whole state. Pure functions on it. */
import type { Field } from '../../../wasm/report';

/** Pairs in order; a later pair of the same key wins, as in the core. Pairs without "=" are kept under their whole text, for the core to refuse. */
export function parseQuery(text: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const pair of text.split(/[&\s]+/)) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    if (at < 0) pairs.set(decode(pair), '');
    else pairs.set(decode(pair.slice(0, at)), decode(pair.slice(at + 1)));
  }
  return pairs;
}

export function formatQuery(pairs: ReadonlyMap<string, string>): string {
  return [...pairs].map(([key, value]) => `${encode(key)}=${encode(value)}`).join('&');
}

/* The page asks for these by itself, on threads of its own, where they are looked at: it would stand still while they run. */
const SEARCHES = ['fit', 'frontier'];

/** A text without the searches that it asks for. */
export function withoutSearches(text: string): string {
  const pairs = parseQuery(text);
  const asked = SEARCHES.filter((key) => pairs.get(key) === 'yes');
  for (const key of asked) pairs.delete(key);
  return asked.length === 0 ? text : formatQuery(pairs);
}

/* In an address, behind the text: what it is held against. No input has that name. */
const AGAINST = /(?:^|&)against=([^&]*)/;

/** An address's text, and the text that it is held against; null if none. */
export function splitAgainst(address: string): { text: string; against: string | null } {
  const against = AGAINST.exec(address)?.[1];
  return { text: address.replace(AGAINST, '').replace(/^&/, ''), against: against === undefined ? null : decode(against) };
}

export const joinAgainst = (text: string, against: string | null): string => (against === null ? text : `${text}${text === '' ? '' : '&'}against=${encodeURIComponent(against)}`);

export type Changes = Readonly<Record<string, string | null>>;

/** No checkpointing, and no searches. */
export const WITHOUT: Changes = { checkpoint: null, reentrant: null, distribute_saved: null, frontier: null, fit: null };

/** Sets keys; null takes one out. What is as its default anyway is left out, except for a model's shape, where absence means the preset's value. */
export function changeQuery(text: string, changes: Changes, fields: readonly Field[]): string {
  const pairs = parseQuery(text);
  for (const [key, value] of Object.entries(changes)) {
    const field = fields.find((f) => f.key === key);
    const isDefault = field !== undefined && field.group !== 'model' && field.default !== null && String(field.default) === value;
    if (value === null || value === '' || isDefault) pairs.delete(key);
    else pairs.set(key, value);
  }
  return formatQuery(pairs);
}

/** Another preset: its own shape, without changes made to the last one's. */
export function choosePreset(text: string, name: string, fields: readonly Field[]): string {
  return replaceModel(text, new Map([['model', name]]), fields);
}

/** Another model: the MODEL keys of `shape` instead of those of `text`. */
export function replaceModel(text: string, shape: ReadonlyMap<string, string>, fields: readonly Field[]): string {
  const pairs = new Map(shape);
  const model = new Set(fields.filter((f) => f.group === 'model').map((f) => f.key));
  for (const [key, value] of parseQuery(text)) if (!model.has(key)) pairs.set(key, value);
  return formatQuery(pairs);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/* Readable where a URL allows it: "save:matmuls", "q,v". */
function encode(text: string): string {
  return encodeURIComponent(text).replace(/%(3A|2C|2F|40|2B)/g, (code) => decodeURIComponent(code));
}
