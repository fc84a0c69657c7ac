/* Style sheets of shadow roots: constructed, so that no page's policy forbids them, and one for all roots. */
const sheets = new Map<string, CSSStyleSheet>();

export function dress(root: ShadowRoot, css: string): void {
  let sheet = sheets.get(css);
  if (sheet === undefined) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    sheets.set(css, sheet);
  }
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
}
