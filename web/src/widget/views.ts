/* The names of a figure's views, for the element and for what builds its snippet. */
export const VIEWS = [
  ['breakdown', 'where the bytes are, by component'],
  ['layer', 'one layer drawn, with every tensor that it keeps'],
  ['example', 'each tensor’s formula, with the numbers put in'],
  ['checkpoint', 'what each checkpointing policy keeps and computes again'],
  ['frontier', 'memory against recomputation, with the exact frontier'],
  ['timeline', 'live bytes over the step'],
  ['compare', 'two configurations side by side'],
] as const;

export type View = (typeof VIEWS)[number][0];

export const isView = (name: string): name is View => VIEWS.some(([view]) => view === name);

/** The inputs that a figure may have, those that matter most: of the others its script has no words. */
export const INPUTS = ['model', 'seq', 'batch', 'stack', 'attention', 'checkpoint'] as const;

export const isInput = (key: string): boolean => (INPUTS as readonly string[]).includes(key);
