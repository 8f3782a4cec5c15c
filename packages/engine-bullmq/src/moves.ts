import type { EpochMs } from "@tidegate/core";
import type { Clock } from "@tidegate/core/clock";
import type { FireMoved } from "@tidegate/core/engine";
import type { ScheduleTable } from "./schedule-table.js";

/** The server checks every waiting group by itself after this time at the latest, ms: core rechecks it. */
const HORIZON_MS = 60_000;

/** Dependencies of `Moves`. */
export interface MovesParts {
  readonly table: ScheduleTable;
  readonly clock: Clock;
  readonly onTrouble: (error: unknown) => void;
}

/**
 * Tells the server of groups that are due sooner than it knows, since runs have ended that they waited for.
 * One call at a time; the moves that arrive meanwhile share the next one. A move that cannot be written is
 * lost: then the group is checked when it would have been anyway.
 */
export class Moves {
  readonly #parts: MovesParts;
  readonly #waiting = new Map<string, EpochMs>();
  #writing: Promise<void> | undefined;

  constructor(parts: MovesParts) {
    this.#parts = parts;
  }

  /** Takes a move, and writes it soon. */
  readonly note = ({ groupId, nextFireAt }: FireMoved): void => {
    if (nextFireAt === null || nextFireAt >= this.#parts.clock.now() + HORIZON_MS) return;
    this.#waiting.set(groupId, nextFireAt);
    this.#writing ??= this.#writeAll();
  };

  /** Resolves when all moves so far are written, or lost. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #writeAll(): Promise<void> {
    // Moves of one turn of the event loop share a call.
    await null;
    while (this.#waiting.size > 0) {
      const moves = Array.from(this.#waiting, ([groupId, fireAt]) => ({ groupId, fireAt }));
      this.#waiting.clear();
      await this.#parts.table.hasten(moves).catch(this.#parts.onTrouble);
    }
    this.#writing = undefined;
  }
}
