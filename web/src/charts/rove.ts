/* One tab stop for a chart; arrow keys go through its marks. */
export function rove(selector: string) {
  return (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const marks = [...(event.currentTarget as Element).querySelectorAll<SVGElement | HTMLElement>(selector)];
    const now = marks.indexOf(((event.currentTarget as Element).getRootNode() as Document | ShadowRoot).activeElement as SVGElement);
    const next = marks[now + step];
    if (now < 0 || next === undefined) return;
    event.preventDefault();
    next.focus();
  };
}
