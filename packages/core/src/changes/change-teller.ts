import type { Clock } from "../clock/clock.js";
import { messageOf } from "../errors/errors.js";
import type { TidegateEmitter } from "../events/events.js";
import { ALIVE_EVERY_MS, type ChangeLog } from "../store/change-log.js";
import { Routine } from "../upkeep/routine.js";
import type { ChangeNotes } from "./change-notes.js";

/** How long changes are gathered before they are told, ms. */
const GATHER_MS = 50;

/** How often a process that shares its store asks whether anybody reads the log, ms. */
const ASK_EVERY_MS = 1_000;

/** How long after an error changes are told again, ms. */
const RETRY_MS = 1_000;

interface ChangeTellerParts {
  /** The store's log, and whether other processes write to it. */
  readonly store: ChangeLog & { readonly isShared: boolean };
  readonly clock: Clock;
  readonly emitter: TidegateEmitter;
  readonly notes: ChangeNotes;
  /** The manager's name. */
  readonly owner: string;
}

/**
 * Tells the changes of this process to the store's log, while somebody reads it.
 *
 * Whether anybody does is asked once a second. What was noted before a question that is answered by "nobody" was
 * durable before the next reader came, who reads the ledger first: it is forgotten.
 */
export class ChangeTeller {
  readonly #parts: ChangeTellerParts;
  readonly #telling: Routine;

  constructor(parts: ChangeTellerParts) {
    this.#parts = parts;
    this.#telling = new Routine({
      clock: parts.clock,
      pass: () => this.#tell(),
      onError: (error) => this.#trouble(error),
      retryMs: RETRY_MS,
    });
    parts.notes.onFirst = () => this.#telling.runWithin(GATHER_MS);
  }

  /** Is known to those who share the store before it writes anything. */
  async start(): Promise<void> {
    const { store } = this.#parts;
    if (store.isShared) await this.#ask(false);
    this.#telling.start(store.isShared ? ASK_EVERY_MS : Number.POSITIVE_INFINITY);
  }

  /** Collects changes from now on: this process reads the log itself. */
  listen(): void {
    const { notes, store } = this.#parts;
    if (notes.isCollecting) return;
    // Nobody else can have been reading.
    if (!store.isShared) notes.take();
    notes.collect();
    this.#telling.runWithin(0);
  }

  /** Tells what is left. If the store is away, the others notice by the silence. */
  async stop(): Promise<void> {
    await this.#telling.stop();
    await this.#ask(true).catch(() => undefined);
  }

  async #tell(): Promise<number | undefined> {
    const { notes, store } = this.#parts;
    const isOpen = await this.#ask(false);
    if (isOpen && !notes.isCollecting) {
      notes.collect();
      // Changes that were noted while it asked.
      return 0;
    }
    if (!isOpen) notes.rest();
    if (!store.isShared) return undefined;
    return isOpen ? ALIVE_EVERY_MS : ASK_EVERY_MS;
  }

  /** Tells what was noted. Returns whether anybody reads. */
  async #ask(isLast: boolean): Promise<boolean> {
    const { notes, store, clock, owner } = this.#parts;
    const changes = notes.take();
    try {
      return await store.tellChanges({ by: owner, at: clock.now(), changes, isLast });
    } catch (error) {
      if (changes === null || changes.length > 0) notes.noteAny();
      throw error;
    }
  }

  #trouble(error: unknown): void {
    const code = (error as { readonly code?: unknown } | null)?.code;
    this.#parts.emitter.emit("trouble", {
      where: "changes",
      error: {
        code: typeof code === "string" ? code : "STORE_UNAVAILABLE",
        message: `The log of changes was not reached: ${messageOf(error)}`,
      },
    });
  }
}
