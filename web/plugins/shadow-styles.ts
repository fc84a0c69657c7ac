/* The page's style sheets, made to fit into a shadow root on somebody else's page: what they say of the document they say of the widget's own root,
 * and of its width instead of the window's. A page's root may have any font size, so a rem is 16 px. Rules of classes that no module of
 * the widget names are left out. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { AcceptedPlugin } from 'postcss';

const WIDTH = /\(\s*(?:max|min)-width\b/;
/* Of these the code names only the beginning: "c-attention", "k-seq". */
const MADE = /^[ck]-/;
/* The page's own: names that are words of a widget's texts too, elements that none has, the grid of its inputs. */
const OUTSIDE: ReadonlySet<string> = new Set(['view', 'fit', 'below', 'together', 'breakdown', 'checkpointing', 'group', 'button']);
const OTHERWISE = /^(?:main|h1|figure|textarea)\b|^\.inputs-first\s*>/;
/* Whose module each sheet dresses, and which one is there before it. */
const SHEETS: Readonly<Record<string, { entry: string; before?: string }>> = {
  'styles.css': { entry: 'element.tsx' },
  'frontier.css': { entry: 'frontier-island.tsx', before: 'element.tsx' },
};

export const shadowStyles: AcceptedPlugin = {
  postcssPlugin: 'shadow-styles',
  OnceExit(root) {
    const file = (root.source?.input.file ?? '').replace(/\?.*$/, '');
    const sheet = basename(dirname(file)) === 'widget' ? SHEETS[basename(file)] : undefined;
    if (sheet === undefined) return;
    const wordsOf = (entry: string | undefined): Set<string> => (entry === undefined ? new Set() : wordsFrom(join(dirname(file), entry)));
    const words = wordsOf(sheet.entry);
    const before = wordsOf(sheet.before);
    const classes = (selector: string): string[] => [...selector.matchAll(/\.([a-z][\w-]*)/g)].map(([, name = '']) => name);
    const within = (names: Set<string>, selector: string): boolean => classes(selector).every((name) => (names.has(name) && !OUTSIDE.has(name)) || MADE.test(name));
    const used = (selector: string): boolean => !OTHERWISE.test(selector) && within(words, selector) && !(sheet.before !== undefined && within(before, selector));
    root.walkRules((rule) => {
      const kept = rule.selectors.filter(used).map((selector) => selector.replace(/^(?::root|html|body)(?![\w-])/, '.widget'));
      if (kept.length > 0) rule.selectors = kept;
      else rule.remove();
    });
    root.walkAtRules('media', (rule) => {
      if (WIDTH.test(rule.params)) rule.name = 'container';
    });
    root.walkDecls((declaration) => {
      declaration.value = declaration.value.replace(/(?<![\w-])(-?[\d.]+)rem\b/g, (_, rem) => `${16 * Number(rem)}px`).replace(/(?<![\w-])([\d.]+)vw\b/g, '$1cqi');
    });
  },
};

/* Every word of the texts in a module and in those that it imports. */
function wordsFrom(entry: string): Set<string> {
  const words = new Set<string>();
  const seen = new Set<string>();
  const read = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(file, 'utf8');
    for (const [quoted] of text.replace(/^import.*|\/\*[\s\S]*?\*\//gm, '').matchAll(/'[^'\n]*'|"[^"\n]*"|`[^`]*`/g)) for (const word of quoted.slice(1, -1).split(/\s+/)) words.add(word);
    for (const [, path = ''] of text.matchAll(/^import (?!type )[^;]*?from '(\.[^']*)'/gm)) {
      const found = ['', '.ts', '.tsx'].map((ending) => resolve(dirname(file), path + ending)).find((name) => /\.tsx?$/.test(name) && existsSync(name));
      if (found !== undefined) read(found);
    }
  };
  read(entry);
  return words;
}
