/* What to put into other pages to have a figure there. */

export interface Snippet {
  /** Of the site, ending in "/". */
  site: string;
  view: string;
  query: string;
  against: string;
  still: boolean;
  scheme: string;
  /** What stands there without JavaScript. */
  words: string;
}

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

const attributesOf = ({ view, against, still, scheme }: Snippet): [string, string][] => [
  ['view', view],
  ...(view === 'compare' ? ([['against', against]] as [string, string][]) : []),
  ...(still ? ([['still', '']] as [string, string][]) : []),
  ...(scheme === '' ? [] : ([['scheme', scheme]] as [string, string][])),
];

/** The element, and the script that defines it. */
export function elementSnippet(snippet: Snippet): string {
  const { site, query, words } = snippet;
  const attributes = attributesOf(snippet).map(([name, value]) => (value === '' ? ` ${name}` : ` ${name}="${escape(value)}"`));
  return `<script async src="${escape(site)}widget.js"></script>\n<activation-memory${attributes.join('')} query="${escape(query)}">\n  <p>${escape(words)}.</p>\n</activation-memory>\n`;
}

/** A frame, for pages that take no scripts. */
export function frameSnippet(snippet: Snippet, height: number): string {
  const { site, query, words } = snippet;
  const asked = attributesOf(snippet).map(([name, value]) => (value === '' ? name : `${name}=${encodeURIComponent(value)}`));
  return `<iframe title="${escape(words)}" src="${escape(`${site}embed.html?${asked.join('&')}#${query}`)}" width="100%" height="${height}" loading="lazy"></iframe>\n`;
}

/** Beside frames: gives each the height that it needs. */
export const frameScript = (site: string): string => `<script async src="${escape(site)}frame.js"></script>\n`;
