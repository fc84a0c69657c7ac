/* A mark of a chart that can be chosen: by pointer and by keyboard, told of while it is pointed at or has the focus. */
interface Choosable {
  text: string;
  chosen: boolean;
  tabStop: boolean;
  onOver: (text: string | null) => void;
  onChoose: () => void;
}

/** Attributes and handlers of its <g>. */
export function choosable({ text, chosen, tabStop, onOver, onChoose }: Choosable) {
  return {
    'data-chosen': chosen ? '' : undefined,
    role: 'button' as const,
    tabindex: tabStop ? 0 : -1,
    'aria-pressed': chosen,
    'aria-label': text,
    onClick: onChoose,
    onPointerEnter: () => onOver(text),
    onPointerLeave: () => onOver(null),
    onFocus: () => onOver(text),
    onBlur: () => onOver(null),
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      onChoose();
    },
  };
}
