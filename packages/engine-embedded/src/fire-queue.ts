import type { EpochMs } from "@tidegate/core";
import TinyQueue from "tinyqueue";

/** A fire that is due soon. */
export interface QueuedFire {
  readonly groupId: string;
  /** Epoch ms, including the schedule's delay. */
  readonly fireAt: EpochMs;
  /** Nominal time, epoch ms. */
  readonly scheduledTime: EpochMs;
}

/**
 * Fires ordered by due time, at most one per group: adding a fire replaces the group's previous one. Replaced
 * and removed fires stay in the heap and are skipped when they come up.
 */
export class FireQueue {
  #heap = newHeap();
  readonly #current = new Map<string, QueuedFire>();

  /** Number of groups with a fire in the queue. */
  get size(): number {
    return this.#current.size;
  }

  add(fire: QueuedFire): void {
    if (this.#current.get(fire.groupId)?.fireAt === fire.fireAt) return;
    this.#current.set(fire.groupId, fire);
    this.#heap.push(fire);
  }

  remove(groupId: string): void {
    this.#current.delete(groupId);
  }

  clear(): void {
    this.#heap = newHeap();
    this.#current.clear();
  }

  /** Returns when the first fire is due, epoch ms. */
  nextFireAt(): EpochMs | undefined {
    this.#dropReplaced();
    return this.#heap.peek()?.fireAt;
  }

  /** Removes and returns fires due at or before `now`, earliest first. */
  takeDue(now: EpochMs, limit: number): QueuedFire[] {
    const due: QueuedFire[] = [];
    for (this.#dropReplaced(); due.length < limit; this.#dropReplaced()) {
      const first = this.#heap.peek();
      if (first === undefined || first.fireAt > now) break;
      this.#heap.pop();
      this.#current.delete(first.groupId);
      due.push(first);
    }
    return due;
  }

  #dropReplaced(): void {
    for (let first = this.#heap.peek(); first !== undefined; first = this.#heap.peek()) {
      if (this.#current.get(first.groupId) === first) return;
      this.#heap.pop();
    }
  }
}

function newHeap(): TinyQueue<QueuedFire> {
  return new TinyQueue<QueuedFire>([], (a, b) => a.fireAt - b.fireAt);
}
