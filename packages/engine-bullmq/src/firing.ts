import type { Clock } from "@tidegate/core/clock";
import type { EngineContext } from "@tidegate/core/engine";
import { messageOf } from "@tidegate/core/plugin";
import { Queue } from "bullmq";
import { LRUCache } from "lru-cache";
import { BatchFiring } from "./batch-firing.js";
import { CallWorker } from "./call-worker.js";
import { within } from "./deadline.js";
import { Moves } from "./moves.js";
import type { EngineSettings } from "./options.js";
import type { BullmqLink, SharedServer } from "./shared-server.js";
import { Ticker } from "./ticker.js";

/** A job carries no data: it only signals that there is something to take. It leaves nothing behind. */
const CALL = { name: "call", data: {}, opts: { removeOnComplete: true, removeOnFail: true } } as const;

/** How many of its own events BullMQ keeps; nobody reads them. */
const KEPT_EVENTS = 100;

/** Maximum number of distinct reported errors that are remembered. */
const REMEMBERED_TROUBLES = 100;

/** The same error is reported once in this time, ms: an outage is one event, not thousands. */
const TELL_AGAIN_MS = 60_000;

/** Dependencies of `Firing`. */
export interface FiringParts {
  readonly engineType: string;
  readonly context: EngineContext;
  readonly server: SharedServer;
  readonly clock: Clock;
  readonly owner: string;
  readonly settings: EngineSettings;
}

/**
 * One manager's part in the firing, from start to stop: a ticker that stands by or calls, and a worker that
 * answers.
 */
export class Firing {
  readonly #parts: FiringParts;
  readonly #link: BullmqLink;
  readonly #queue: Pick<Queue, "add" | "close">;
  readonly #worker: CallWorker;
  readonly #batches: BatchFiring;
  readonly #ticker: Ticker;
  readonly #moves: Moves;
  #stopListening: (() => void) | undefined;
  readonly #toldAt = new LRUCache<string, number>({ max: REMEMBERED_TROUBLES });

  constructor(parts: FiringParts) {
    this.#parts = parts;
    const { server, clock, owner, settings, context, engineType } = parts;
    const { table } = server;
    const { onTrouble } = this;
    this.#link = server.linkQueue();
    const options = { ...this.#link.options, streams: { events: { maxLen: KEPT_EVENTS } } };
    const queue = new Queue(server.queueName, options, this.#link.backend);
    queue.on("error", onTrouble);
    this.#queue = queue;
    this.#batches = new BatchFiring({ table, sink: context.sink, clock, settings, onTrouble });
    this.#worker = new CallWorker({ server, settings, answer: () => this.#batches.answerCall(), onTrouble });
    this.#moves = new Moves({ table, clock, onTrouble });
    const call = (count: number) => this.#call(count);
    const onLoss = () => context.events.emit("engine-forgot", { engine: engineType });
    this.#ticker = new Ticker({ table, clock, owner, settings, call, onTrouble, onLoss });
  }

  /** Reports an error, unless the same one was reported recently. */
  readonly onTrouble = (error: unknown): void => {
    const { clock, context } = this.#parts;
    const message = messageOf(error);
    const now = clock.now();
    if (now < (this.#toldAt.get(message) ?? Number.NEGATIVE_INFINITY) + TELL_AGAIN_MS) return;
    this.#toldAt.set(message, now);
    context.events.emit("trouble", { where: "engine", error: { code: "ENGINE_FAILED", message } });
  };

  async start(): Promise<void> {
    await this.#tellWeaknesses().catch(this.onTrouble);
    this.#stopListening = this.#parts.context.onFireMoved(this.#moves.note);
    this.#worker.start();
    this.#ticker.start();
  }

  async stop(): Promise<void> {
    this.#stopListening?.();
    await this.#moves.settled();
    await this.#ticker.stop();
    await this.#batches.stop();
    await this.#worker.stop();
    await this.#inTime(this.#queue.close()).catch(this.onTrouble);
    this.#link.close();
  }

  async #call(count: number): Promise<void> {
    // One by one: in Postgres, a bulk makes temporary tables, which not every user may, and which bloat the catalog.
    const calls = Array.from({ length: count }, () => this.#queue.add(CALL.name, CALL.data, CALL.opts));
    await this.#inTime(Promise.all(calls));
  }

  #inTime<T>(promise: Promise<T>): Promise<T> {
    const { server, settings } = this.#parts;
    return within(server.name, settings.commandTimeoutMs, promise);
  }

  async #tellWeaknesses(): Promise<void> {
    for (const weakness of await this.#parts.server.weaknesses()) this.onTrouble(new Error(weakness));
  }
}
