import type { AttemptLog, LogTable } from "../store/log-table.js";

/** Dependencies of `LogKeeper`. */
export interface LogKeeperParts {
  readonly store: LogTable;
  readonly onTrouble: (error: unknown) => void;
}

/**
 * Keeps the logs of attempts after their ends are durable, those of one turn of the event loop as one batch. A log
 * holds nothing up: one that cannot be written is missing.
 */
export class LogKeeper {
  readonly #parts: LogKeeperParts;
  readonly #writes = new Set<Promise<void>>();
  #pending: AttemptLog[] = [];

  constructor(parts: LogKeeperParts) {
    this.#parts = parts;
  }

  /** Keeps a log soon. */
  keep(log: AttemptLog): void {
    this.#pending.push(log);
    if (this.#pending.length === 1) process.nextTick(() => this.#flush());
  }

  /** Resolves when every log has been written, or could not be. */
  async settled(): Promise<void> {
    this.#flush();
    await Promise.all(this.#writes);
  }

  #flush(): void {
    const logs = this.#pending;
    this.#pending = [];
    if (logs.length === 0) return;
    const write = this.#write(logs).finally(() => this.#writes.delete(write));
    this.#writes.add(write);
  }

  async #write(logs: readonly AttemptLog[]): Promise<void> {
    try {
      await this.#parts.store.keepLogs(logs);
    } catch (error) {
      this.#parts.onTrouble(error);
    }
  }
}
