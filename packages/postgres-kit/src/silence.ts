import { type ClockTimer, SystemClock } from "@tidegate/core/clock";
import type { Pool, PoolClient } from "pg";

/** The machine's clock: a server answers in real time. */
const MACHINE = new SystemClock();

/** How long a statement takes before the server is asked about it, ms. */
const SILENT_MS = 2_000;

/** Interval between two questions, ms. */
const LOOK_MS = 1_000;

/** An error of `SilenceWatch`: the answer to a statement was lost on its way, or the statement was. */
export class SilentConnection extends Error {
  constructor() {
    super("Connection terminated: no answer came, and the server does nothing on it");
  }
}

/** A statement that is not answered yet. */
interface Pending {
  readonly client: PoolClient;
  /** In elapsed time, ms. */
  readonly since: number;
  /** The server did nothing on its connection when it was asked last. */
  isDoubted: boolean;
  isDead: boolean;
}

interface Answer {
  /** The process of the server that has answered. */
  readonly own: number;
  /** Processes that are at work, or of which this user may not know. */
  readonly busy: readonly number[];
}

/**
 * Gives up connections on which an answer does not come although the server has nothing left to do on them, long before the
 * statement times out: a firewall may have forgotten them. The server is asked on a connection of its own. A statement on which it works,
 * or waits for a lock, is left alone.
 *
 * Nothing is given up behind a connection pooler such as PgBouncer, since a connection has no process of its own there.
 */
export class SilenceWatch {
  readonly #open: () => Pool;
  readonly #pending = new Set<Pending>();
  #timer: ClockTimer | undefined;

  /** @param open - opens a pool for one question, on the same database and as the same user */
  constructor(open: () => Pool) {
    this.#open = open;
  }

  /**
   * Waits for a statement's answer.
   *
   * @throws SilentConnection, and whatever the statement throws
   */
  async during<T>(client: PoolClient, answer: Promise<T>): Promise<T> {
    const pending: Pending = { client, since: MACHINE.monotonicNow(), isDoubted: false, isDead: false };
    this.#pending.add(pending);
    this.#arm();
    try {
      return await answer;
    } catch (error) {
      throw pending.isDead ? new SilentConnection() : error;
    } finally {
      this.#pending.delete(pending);
    }
  }

  close(): void {
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer ??= MACHINE.wakeAfter(LOOK_MS, () => {
      void this.#look()
        // The server cannot be asked: nothing is known of any connection.
        .catch(() => {})
        .finally(() => {
          this.#timer = undefined;
          if (this.#pending.size > 0) this.#arm();
        });
    });
  }

  async #look(): Promise<void> {
    const before = MACHINE.monotonicNow() - SILENT_MS;
    const silent = [...this.#pending].filter(({ since }) => since <= before);
    if (silent.length === 0) return;
    const busy = await this.#busyOf(silent.map(({ client }) => processOf(client)));
    for (const pending of silent) {
      if (busy === undefined || busy.includes(processOf(pending.client))) pending.isDoubted = false;
      // An answer may still have been on its way when the server was asked first.
      else if (!pending.isDoubted) pending.isDoubted = true;
      else if (this.#pending.has(pending)) this.#giveUp(pending);
    }
  }

  #giveUp(pending: Pending): void {
    pending.isDead = true;
    // Cuts it, as a statement is in progress.
    void (pending.client as unknown as { end(): Promise<void> }).end();
  }

  /** Returns which processes may be at work; `undefined` if the server's processes are not those of connections. */
  async #busyOf(processes: readonly number[]): Promise<readonly number[] | undefined> {
    const pool = this.#open();
    try {
      const client = await pool.connect();
      try {
        const { rows } = await client.query<Answer>(
          `SELECT pg_backend_pid() AS own, ARRAY(
             SELECT pid FROM pg_stat_activity WHERE pid = ANY($1::int[]) AND state IS DISTINCT FROM 'idle') AS busy`,
          [processes],
        );
        return rows[0]!.own === processOf(client) ? rows[0]!.busy : undefined;
      } finally {
        client.release(true);
      }
    } finally {
      await pool.end();
    }
  }
}

/** Returns the process of the server that a connection was told of. */
function processOf(client: PoolClient): number {
  return (client as unknown as { processID: number }).processID;
}
