declare module '*?packed' {
  /** core.wasm and tables.json one behind the other, deflated, as base64. */
  export const packed: string;
  /** Of core.wasm, in bytes. */
  export const length: number;
}

declare module '*?island' {
  /** The path in the site of a module of its own. */
  const name: string;
  export default name;
}
