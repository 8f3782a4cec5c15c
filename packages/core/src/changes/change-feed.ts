import type { Clock } from "../clock/clock.js";
import { messageOf } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import type { ChangeEntry, ChangeLog, LedgerChange } from "../store/change-log.js";
import { Routine } from "../upkeep/routine.js";
import type { ChangeTeller } from "./change-teller.js";

/** How often the log is read while somebody listens, ms. */
const READ_EVERY_MS = 150;

/** How long after an error the log is read again, ms. */
const RETRY_MS = 1_000;

/** Entries that are read at a time. */
const LIMIT = 1_000;

/** Changes of the ledger, by whichever manager. */
export interface ChangeNews {
  /** The position at which to continue after a break: see `ChangeFeed.subscribe`. Letters, digits and a dot. */
  readonly position: string;
  /** Whether anything may have changed: whoever listens reads again all that it shows. */
  readonly isReset: boolean;
  /** Empty if `isReset`. */
  readonly changes: readonly LedgerChange[];
}

interface Listener {
  readonly tell: (news: ChangeNews) => void;
  /** The position from which it listens; `undefined` from now on. */
  readonly after: string | undefined;
}

interface ChangeFeedParts {
  readonly store: ChangeLog;
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly teller: ChangeTeller;
}

/**
 * Changes of the ledger, made by any of the managers that share the store: reasons to read again, not facts. They are
 * read from the store's log by one reader of this process, and only while somebody listens.
 */
export class ChangeFeed {
  readonly #parts: ChangeFeedParts;
  readonly #reading: Routine;
  #joining: Listener[] = [];
  readonly #listeners = new Map<Listener, number>();
  /** The position of the next read of the log; `undefined` if nobody listened until now. */
  #position: string | undefined;
  #isRunning = false;

  constructor(parts: ChangeFeedParts) {
    this.#parts = parts;
    this.#reading = new Routine({
      clock: parts.clock,
      pass: () => this.#read(),
      onError: (error) => this.#trouble(error),
      retryMs: RETRY_MS,
    });
  }

  /** Begins to read once somebody listens. */
  start(): void {
    this.#isRunning = true;
    this.#reading.start(Number.POSITIVE_INFINITY);
    if (this.#joining.length > 0) this.#reading.runWithin(0);
  }

  /** Reads no more. Listeners stay, and continue after the next start. */
  async stop(): Promise<void> {
    this.#isRunning = false;
    await this.#reading.stop();
  }

  /**
   * Calls a function with the changes from now on, or from a position on. The first call is a reset, unless the
   * position is still known; so is every call after which changes may be missing. A change is told within
   * 300 ms. Changes of managers that share the store may take a second more right after the first listener has come.
   *
   * @param tell - called synchronously: keep it short
   * @param after - `position` of the last news that were heard, of any manager of this store
   * @returns a function that ends it
   */
  subscribe(tell: (news: ChangeNews) => void, after?: string): () => void {
    const listener = { tell, after };
    this.#joining.push(listener);
    if (this.#isRunning) this.#reading.runWithin(0);
    return () => {
      this.#joining = this.#joining.filter((each) => each !== listener);
      this.#listeners.delete(listener);
    };
  }

  async #read(): Promise<number | undefined> {
    const joining = this.#joining;
    this.#joining = [];
    if (joining.length === 0 && this.#listeners.size === 0) {
      this.#position = undefined;
      return undefined;
    }
    this.#parts.teller.listen();
    try {
      await this.#admit(joining);
    } catch (error) {
      this.#joining.unshift(...joining.filter((listener) => !this.#listeners.has(listener)));
      throw error;
    }
    await this.#follow();
    return this.#joining.length > 0 ? 0 : READ_EVERY_MS;
  }

  /** Brings new listeners to where the log ends. */
  async #admit(joining: readonly Listener[]): Promise<void> {
    // Those without a position wait for one answer, which has to come after the log was opened.
    const fresh = joining.filter(({ after }) => after === undefined);
    if (fresh.length > 0) {
      const { position } = await this.#page(undefined);
      this.#position ??= position;
      for (const listener of fresh) this.#join(listener, { position, isReset: true, changes: [] });
    }
    for (const listener of joining) {
      if (listener.after === undefined) continue;
      const news = await this.#since(listener.after);
      this.#position ??= news.position;
      this.#join(listener, news);
    }
  }

  #join(listener: Listener, news: ChangeNews): void {
    this.#listeners.set(listener, seqOf(news.position));
    this.#tell(listener, news);
  }

  async #follow(): Promise<void> {
    const before = this.#position!;
    const news = await this.#since(before);
    this.#position = news.position;
    if (!news.isReset && news.changes.length === 0) return;
    const seq = seqOf(news.position);
    for (const [listener, known] of this.#listeners) {
      // A listener that has just joined may be ahead, and hears of the same once more at worst.
      if (!news.isReset && known >= seq) continue;
      this.#listeners.set(listener, seq);
      this.#tell(listener, news);
    }
  }

  /** Returns all that has changed since a position. */
  async #since(after: string): Promise<ChangeNews> {
    const entries: ChangeEntry[] = [];
    let position = after;
    let isGap = false;
    for (let isWhole = false; !isWhole; ) {
      const page = await this.#page(position);
      entries.push(...page.entries);
      isGap ||= page.isGap;
      position = page.position;
      isWhole = page.entries.length < LIMIT;
    }
    const isReset = isGap || entries.some(({ changes }) => changes === null);
    return { position, isReset, changes: isReset ? [] : merged(entries) };
  }

  #page(after: string | undefined) {
    const { store, clock } = this.#parts;
    const query = { at: clock.now(), limit: LIMIT };
    return store.readChanges(after === undefined ? query : { ...query, after });
  }

  #tell(listener: Listener, news: ChangeNews): void {
    try {
      listener.tell(news);
    } catch (error) {
      this.#trouble(error);
    }
  }

  #trouble(error: unknown): void {
    const code = (error as { readonly code?: unknown } | null)?.code;
    this.#parts.emitter.emit("trouble", {
      where: "changes",
      error: {
        code: typeof code === "string" ? code : "LISTENER_FAILED",
        message: `Changes were not told: ${messageOf(error)}`,
      },
    });
  }
}

/** Returns the changes of entries, with one for each group of a kind if possible. */
function merged(entries: readonly ChangeEntry[]): readonly LedgerChange[] {
  if (entries.length === 1) return entries[0]!.changes!;
  const byGroup = new Map<string, LedgerChange>();
  for (const change of entries.flatMap(({ changes }) => changes!)) {
    const key = `${change.kind} ${change.groupId ?? ""}`;
    const before = byGroup.get(key);
    byGroup.set(key, before === undefined ? change : both(before, change));
  }
  return [...byGroup.values()];
}

function both(a: LedgerChange, b: LedgerChange): LedgerChange {
  if (a.runs === undefined || b.runs === undefined) return { kind: a.kind, groupId: a.groupId };
  const runs = new Map(a.runs.map((run) => [run.id, run]));
  for (const run of b.runs) runs.set(run.id, { ...runs.get(run.id), ...run });
  return { kind: a.kind, groupId: a.groupId, runs: [...runs.values()] };
}

function seqOf(position: string): number {
  return Number(position.split(".")[0]);
}
