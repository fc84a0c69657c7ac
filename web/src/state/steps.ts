/* Texts that the page has shown, to go back and forth in: one step for a choice, one for a number while it is typed or dragged. */
import { signal } from '@preact/signals';

/* Milliseconds: typing that rests longer is another step. */
const REST = 800;

export class Steps {
  readonly #past = signal<readonly string[]>([]);
  readonly #future = signal<readonly string[]>([]);
  #present: string;
  #typed = -Infinity;

  constructor(present: string) {
    this.#present = present;
  }

  get undoes(): boolean {
    return this.#past.value.length > 0;
  }
  get redoes(): boolean {
    return this.#future.value.length > 0;
  }

  take(text: string, typing: boolean, now = performance.now()): void {
    if (text !== this.#present) {
      if (!typing || now - this.#typed > REST) this.#past.value = [...this.#past.value, this.#present];
      this.#present = text;
      this.#future.value = [];
    }
    this.#typed = typing ? now : -Infinity;
  }

  /** The text before; null if there is none. */
  undo(): string | null {
    const before = this.#past.value.at(-1);
    if (before === undefined) return null;
    this.#future.value = [this.#present, ...this.#future.value];
    this.#past.value = this.#past.value.slice(0, -1);
    this.#typed = -Infinity;
    return (this.#present = before);
  }

  redo(): string | null {
    const [next, ...rest] = this.#future.value;
    if (next === undefined) return null;
    this.#past.value = [...this.#past.value, this.#present];
    this.#future.value = rest;
    this.#typed = -Infinity;
    return (this.#present = next);
  }
}
