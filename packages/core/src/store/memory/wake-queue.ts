import TinyQueue from "tinyqueue";
import type { EpochMs } from "../../clock/clock.js";

interface Entry {
  readonly key: string;
  readonly at: EpochMs;
}

/** Keys ordered by an instant, then by key; each has at most one instant. */
export class WakeQueue {
  #heap = new TinyQueue<Entry>([], (a, b) => a.at - b.at || (a.key < b.key ? -1 : 1));
  readonly #current = new Map<string, Entry>();

  /** Sets the instant of a key; `null` takes the key out. */
  set(key: string, at: EpochMs | null): void {
    if (at === null) {
      this.#current.delete(key);
      return;
    }
    if (this.#current.get(key)?.at === at) return;
    const entry = { key, at };
    this.#current.set(key, entry);
    this.#heap.push(entry);
  }

  /** The earliest instant. */
  first(): EpochMs | undefined {
    this.#dropReplaced();
    return this.#heap.peek()?.at;
  }

  /** Takes out the earliest key whose instant is at or before `now`. */
  take(now: EpochMs): string | undefined {
    this.#dropReplaced();
    const first = this.#heap.peek();
    if (first === undefined || first.at > now) return undefined;
    this.#heap.pop();
    this.#current.delete(first.key);
    return first.key;
  }

  #dropReplaced(): void {
    for (let first = this.#heap.peek(); first !== undefined; first = this.#heap.peek()) {
      if (this.#current.get(first.key) === first) return;
      this.#heap.pop();
    }
  }
}
