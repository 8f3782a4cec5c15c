import type { BackendFactory, IQueueBackend, KeyPrefixOptions, QueueBaseOptions } from "bullmq";
import type { ScheduleTable } from "./schedule-table.js";

/** How one of BullMQ's classes reaches the server. */
export interface BullmqLink {
  /** What its constructor takes for that, beside its own options. */
  readonly options: QueueBaseOptions<object> & KeyPrefixOptions;
  readonly backend: BackendFactory<IQueueBackend, object>;
  /** Whether the server answers. */
  isAlive(): Promise<boolean>;
  close(): void;
}

/** The server that the managers share, Redis or Postgres: all that the engine asks of it. */
export interface SharedServer {
  /** As messages call it. */
  readonly name: string;
  readonly table: ScheduleTable;
  /** The name of the BullMQ queue whose jobs call for workers. */
  readonly queueName: string;
  /** For the queue, whose commands somebody waits for. */
  linkQueue(): BullmqLink;
  /** For the worker: waits for the server to come back however long it takes. */
  linkWorker(): BullmqLink;
  /** What is wrong with how the server is set up, each with the way out. */
  weaknesses(): Promise<string[]>;
  close(): Promise<void>;
}
