/* What all documents of the core speak in. All byte figures are whole numbers. */

/** Exact below 2^53; the core answers with an error above it. */
export type Bytes = number;

export type Component = 'attention' | 'mlp' | 'norm' | 'residual' | 'embedding' | 'head' | 'loss' | 'checkpoint';
export type Units = 'GiB' | 'GB' | 'bytes';
export type Value = number | string;

/** Exact to the picosecond, which is its last decimal. */
export type Microseconds = number;
