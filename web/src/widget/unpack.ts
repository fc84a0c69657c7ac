import { type Core, loadCore } from '../../../wasm/actmem';
import type { Tables } from '../../../wasm/report';

/** Tables as plugins/packed.ts writes them: of rows with the same names those stand once; of some inputs there is more, by key. */
export interface Packed extends Partial<Tables> {
  inputs: Record<string, Partial<Tables['fields'][number]>>;
  rows: Record<string, readonly [alike: object, names: readonly PropertyKey[], ...rows: (readonly unknown[])[]]>;
}

/** The core that a script carries, deflated with its tables, as base64; length: of its wasm, in bytes. */
export async function unpack(packed: string, length: number): Promise<Core> {
  const deflated = Uint8Array.from(atob(packed), (char) => char.charCodeAt(0));
  const bytes = new Uint8Array(await new Response(new Blob([deflated]).stream().pipeThrough(new DecompressionStream('deflate-raw'))).arrayBuffer());
  const { inputs, rows, ...tables } = JSON.parse(new TextDecoder().decode(bytes.subarray(length))) as Packed & Tables;
  for (const [table, [alike, names, ...all]] of Object.entries(rows))
    Object.assign(tables, { [table]: all.map((row) => Object.assign({}, alike, ...names.map((name, i) => ({ [name]: row[i] })))) });
  for (const field of tables.fields) Object.assign(field, inputs[field.key]);
  return loadCore(bytes.subarray(0, length), tables);
}
