import { type Clock, type ClockTimer, unlessAborted } from "@tidegate/core/clock";
import type { Addresses } from "@tidegate/postgres-kit/addresses";
import { PostgresLink } from "./link.js";

/**
 * How long a view is kept that no job reads, ms: as long as shards may wait for their next attempt. Until then the server
 * keeps all rows that were deleted meanwhile.
 */
const IDLE_MS = 900_000;

/** Limits of the server on transactions that do nothing; those that it does not know are left out. */
const WITHOUT_LIMITS = `SELECT set_config(name, '0', true) FROM pg_settings
  WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')`;

/** A view that is kept for the shards of a run. */
interface Held {
  readonly link: PostgresLink;
  /** How many jobs read it, or wait for their turn. */
  users: number;
  idle: ClockTimer | undefined;
}

/**
 * The views of databases that are kept for the shards of runs, each by a transaction that does nothing else: it locks no
 * table. A view ends with its run's merge, when nothing reads it for a quarter of an hour, or with the process.
 */
export class HeldSnapshots {
  readonly #clock: Clock;
  readonly #held = new Map<string, Held>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Keeps a view of a database as it is now, in place of an earlier one of the run.
   *
   * @returns its name, by which transactions read it
   */
  async hold(runId: string, addresses: Addresses, signal: AbortSignal): Promise<string> {
    const link = await this.#opened(addresses, signal);
    try {
      await link.run(WITHOUT_LIMITS);
      const [exported] = await link.rows<{ name: string }>("SELECT pg_export_snapshot() AS name");
      await this.release(runId);
      const held: Held = { link, users: 0, idle: undefined };
      this.#held.set(runId, held);
      this.#rest(runId, held);
      return exported!.name;
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  /** Runs work that reads the view of a run, which is kept at least as long. */
  async use<T>(runId: string, work: () => Promise<T>): Promise<T> {
    const held = this.#held.get(runId);
    if (held === undefined) return work();
    held.users += 1;
    held.idle?.cancel();
    try {
      return await work();
    } finally {
      held.users -= 1;
      if (held.users === 0 && this.#held.get(runId) === held) this.#rest(runId, held);
    }
  }

  /** Ends the view of a run, if one is kept. */
  async release(runId: string): Promise<void> {
    const held = this.#held.get(runId);
    if (held === undefined) return;
    this.#held.delete(runId);
    held.idle?.cancel();
    await held.link.close();
  }

  /** Ends all. */
  async stop(): Promise<void> {
    await Promise.all([...this.#held.keys()].map((runId) => this.release(runId)));
  }

  /** The signal is that of the split, and the transaction outlives it. */
  async #opened(addresses: Addresses, signal: AbortSignal): Promise<PostgresLink> {
    const own = new AbortController();
    const opening = PostgresLink.open(addresses, "read", own.signal);
    try {
      return await unlessAborted(opening, signal);
    } catch (error) {
      own.abort(error);
      await opening.then((link) => link.close()).catch(() => {});
      throw error;
    }
  }

  #rest(runId: string, held: Held): void {
    held.idle = this.#clock.wakeAfter(IDLE_MS, () => void this.release(runId));
  }
}
