import { randomUUID } from "node:crypto";
import type { EpochMs } from "../../clock/clock.js";
import {
  type ChangeEntry,
  type ChangeLog,
  type ChangesPage,
  type ChangesQuery,
  KEPT_MS,
  OPEN_MS,
  SILENT_MS,
  type ToldChanges,
} from "../change-log.js";

/** A log of changes in memory, for stores that live in one process: with the process, its readers are gone. */
export class ChangeRing implements ChangeLog {
  #epoch = "";
  #last = 0;
  #openUntil = Number.NEGATIVE_INFINITY;
  #entries: (ChangeEntry & { readonly at: EpochMs })[] = [];
  /** The number of the last entry that is no longer kept. */
  #floor = 0;
  /** When managers were last heard of, by name. */
  readonly #tellers = new Map<string, EpochMs>();

  async tellChanges({ by, at, changes, isLast = false }: ToldChanges): Promise<boolean> {
    if (isLast) this.#tellers.delete(by);
    else this.#tellers.set(by, at);
    if (at >= this.#openUntil) return false;
    if (changes === null || changes.length > 0) this.#append(at, changes);
    return true;
  }

  async readChanges({ at, after, limit }: ChangesQuery): Promise<ChangesPage> {
    if (at >= this.#openUntil) this.#begin();
    this.#openUntil = Math.max(this.#openUntil, at + OPEN_MS);
    this.#forget(at);
    const [seq, epoch] = after === undefined ? [String(this.#last), this.#epoch] : after.split(".");
    const from = Number(seq);
    const isKnown = epoch === this.#epoch && from >= this.#floor && from <= this.#last;
    const begin = isKnown ? from - this.#floor : this.#entries.length;
    const entries = this.#entries.slice(begin, begin + limit).map(({ at: _at, ...entry }) => entry);
    const position = `${entries.at(-1)?.seq ?? this.#last}.${this.#epoch}`;
    return { entries, position, isGap: !isKnown };
  }

  #begin(): void {
    this.#epoch = randomUUID().slice(0, 8);
    this.#entries = [];
    this.#floor = this.#last;
  }

  #append(at: EpochMs, changes: ChangeEntry["changes"]): void {
    this.#last += 1;
    this.#entries.push({ seq: this.#last, at, changes });
  }

  #forget(at: EpochMs): void {
    const kept = this.#entries.findIndex((entry) => entry.at >= at - KEPT_MS);
    const old = kept === -1 ? this.#entries.length : kept;
    this.#floor += old;
    this.#entries.splice(0, old);
    const silent = [...this.#tellers].filter(([, seenAt]) => seenAt < at - SILENT_MS);
    for (const [name] of silent) this.#tellers.delete(name);
    if (silent.length > 0) this.#append(at, null);
  }
}
