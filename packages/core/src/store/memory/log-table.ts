import type { AttemptLog } from "../log-table.js";
import { frozenCopy } from "./frozen-copy.js";

/** The logs of attempts. Whether there is such a run is decided by its caller. */
export class LogTable {
  /** By run, then by attempt. */
  readonly #logs = new Map<string, Map<number, AttemptLog>>();

  keep(log: AttemptLog): boolean {
    const ofRun = this.#logs.get(log.runId) ?? new Map<number, AttemptLog>();
    if (ofRun.has(log.attempt)) return false;
    this.#logs.set(log.runId, ofRun.set(log.attempt, frozenCopy(log)));
    return true;
  }

  get(runId: string, attempt: number): AttemptLog | undefined {
    return this.#logs.get(runId)?.get(attempt);
  }

  drop(runId: string): void {
    this.#logs.delete(runId);
  }
}
