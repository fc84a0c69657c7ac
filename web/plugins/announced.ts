/* What all pages have in their heads: their colours and sign; and what a page says of itself to who links to it or looks for it, from its own title and
 * description, and from the address of the site, if it is known (SITE=https://… when it is built). */
import type { Plugin } from 'vite';

const CARD = 'card.png';
const CARD_SAYS = 'What Llama 3 8B keeps at 8,192 tokens for its backward pass, by component: 53.2 GiB in all.';

interface Tag {
  tag: 'meta' | 'link';
  attrs: Record<string, string>;
}

/* In both schemes, as --paper and --accent of tokens.css. */
const themed = (scheme: 'light' | 'dark', content: string): Tag => ({ tag: 'meta', attrs: { name: 'theme-color', media: `(prefers-color-scheme: ${scheme})`, content } });
const SIGN =
  "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Cstyle%3Erect{fill:%2300687a}%40media(prefers-color-scheme:dark){rect{fill:%2358c7d8}}%3C/style%3E%3Crect x='3' y='5' width='26' height='4'/%3E%3Crect x='3' y='12' width='12' height='8' opacity='.75'/%3E%3Crect x='3' y='23' width='20' height='4' opacity='.5'/%3E%3C/svg%3E";
const ALIKE: readonly Tag[] = [
  { tag: 'meta', attrs: { name: 'color-scheme', content: 'light dark' } },
  themed('light', '#fbfaf7'),
  themed('dark', '#14161a'),
  { tag: 'link', attrs: { rel: 'icon', href: `data:image/svg+xml,${SIGN}` } },
];

/** The tags of a page: `path` within the site, "" for its first. Without a site's address those that need one in full are left out. */
export function announce(html: string, path: string, site: string | null): Tag[] {
  const text = (pattern: RegExp): string => (pattern.exec(html)?.[1] ?? '').replaceAll('&amp;', '&').trim();
  const title = text(/<title>([^<]*)<\/title>/);
  const description = text(/name="description"\s+content="([^"]*)"/);
  const property = (name: string, content: string): Tag => ({ tag: 'meta', attrs: { property: name, content } });
  const tags = [property('og:type', 'website'), property('og:site_name', 'actmem'), property('og:title', title), property('og:description', description), { tag: 'meta', attrs: { name: 'twitter:card', content: 'summary_large_image' } } as const];
  if (site === null) return tags;
  return [
    ...tags,
    { tag: 'link', attrs: { rel: 'canonical', href: site + path } },
    property('og:url', site + path),
    property('og:image', site + CARD),
    property('og:image:width', '1200'),
    property('og:image:height', '630'),
    property('og:image:alt', CARD_SAYS),
  ];
}

/** An address that ends in "/"; null for none. Throws for what is no address of a site. */
export function siteOf(text: string | undefined): string | null {
  if (text === undefined || text === '') return null;
  const url = new URL(text);
  if (!/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') throw new Error(`SITE=${text}: it has to be the site's address, such as https://example.org/actmem/`);
  return url.href.replace(/\/?$/, '/');
}

export const sitemap = (site: string, paths: readonly string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n${paths.map((path) => `  <url><loc>${site}${path}</loc></url>\n`).join('')}</urlset>\n`;

/** `paths`: the pages to be found. */
export const announced = (paths: readonly string[], text: string | undefined): Plugin => {
  const site = siteOf(text);
  const pathOf = (file: string): string => file.replace(/^\//, '').replace(/^index\.html$/, '');
  return {
    name: 'announced',
    transformIndexHtml: (html, { path }) => (paths.includes(pathOf(path)) ? [...ALIKE, ...announce(html, pathOf(path), site)].map((tag) => ({ ...tag, injectTo: 'head' as const })) : []),
    generateBundle() {
      if (site === null) return;
      this.emitFile({ type: 'asset', fileName: 'sitemap.xml', source: sitemap(site, paths) });
      this.emitFile({ type: 'asset', fileName: 'robots.txt', source: `User-agent: *\nAllow: /\n\nSitemap: ${site}sitemap.xml\n` });
    },
  };
};
