/* Colours: contrast on every ground they stand on, and apart from each other for every kind of colour vision. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const css = readFileSync(fileURLToPath(new URL('../../../web/src/styles/tokens.css', import.meta.url)), 'utf8');
const parts = readFileSync(fileURLToPath(new URL('../../../web/src/styles/step-parts.css', import.meta.url)), 'utf8');
const pairs = Object.fromEntries([...css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name, light, dark]) => [name, { light, dark }]));
const linear = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
const luminance = ([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b;
const contrast = (a, b) => {
  const [dark, light] = [luminance(linear(a)), luminance(linear(b))].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
};
const times = (m, v) => m.map((row) => row.reduce((sum, x, i) => sum + x * v[i], 0));
const oklab = (rgb) => {
  const lms = times([[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]], rgb.map((c) => Math.min(1, Math.max(0, c)))).map(Math.cbrt);
  return times([[0.2104542553, 0.793617785, -0.0040720468], [1.9779984951, -2.428592205, 0.4505937099], [0.0259040371, 0.7827717662, -0.808675766]], lms);
};
/* Machado, Oliveira and Fernandes 2009, severity 1. */
const VISION = {
  normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protan: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deutan: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritan: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};
const COMPONENTS = ['attention', 'mlp', 'norm', 'residual', 'embedding', 'head', 'loss', 'checkpoint'];

for (const scheme of ['light', 'dark']) {
  const colour = (name) => pairs[name][scheme];
  test(`${scheme}: text 4.5:1, marks and edges 3:1`, () => {
    for (const ground of ['paper', 'panel', 'wash']) for (const text of ['ink', 'quiet', 'accent', 'fault']) assert.ok(contrast(colour(text), colour(ground)) >= 4.5, `${text} on ${ground}: ${contrast(colour(text), colour(ground))}`);
    for (const ground of ['paper', 'panel']) for (const mark of [...COMPONENTS, 'edge']) assert.ok(contrast(colour(mark), colour(ground)) >= 3, `${mark} on ${ground}: ${contrast(colour(mark), colour(ground))}`);
    assert.ok(contrast(colour('on-accent'), colour('accent')) >= 4.5);
    /* What is alive beside saved tensors: its edges, in colours of its own. */
    const own = [...parts.matchAll(/light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, light, dark]) => (scheme === 'light' ? light : dark));
    assert.ok(own.length > 0);
    for (const ground of ['paper', 'panel']) for (const edge of own) assert.ok(contrast(edge, colour(ground)) >= 3, `${edge} on ${ground}: ${contrast(edge, colour(ground))}`);
  });
  for (const [vision, matrix] of Object.entries(VISION)) {
    test(`${scheme}: components apart for ${vision} vision`, () => {
      const seen = COMPONENTS.map((name) => oklab(times(matrix, linear(colour(name)))));
      for (let i = 0; i < seen.length; i++) {
        for (let j = 0; j < i; j++) {
          const distance = Math.hypot(...seen[i].map((x, k) => x - seen[j][k]));
          /* Of OKLab: 0.02 is what one just sees side by side. */
          assert.ok(distance >= 0.085, `${COMPONENTS[j]} and ${COMPONENTS[i]}: ${distance.toFixed(3)}`);
        }
      }
    });
  }
}
