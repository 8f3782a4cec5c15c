import type { BackendFactory, IQueueBackend, KeyPrefixOptions, QueueBaseOptions } from "bullmq";
import type { ScheduleTable } from "./schedule-table.js";

/**
 * How long a worker relies on being woken, s: the wake of a call may die with the worker that got it. BullMQ's
 * own default is 5.
 */
export const LOOK_AGAIN_S = 1;

/** The link of one of BullMQ's classes to the server. */
export interface BullmqLink {
  /** Constructor options for the connection, besides the class's own. */
  readonly options: QueueBaseOptions<object> & KeyPrefixOptions;
  readonly backend: BackendFactory<IQueueBackend, object>;
  /** Returns whether the server answers. */
  isAlive(): Promise<boolean>;
  close(): void;
}

/** The server that the managers share, Redis or Postgres, as the engine uses it. */
export interface SharedServer {
  /** Its name in messages. */
  readonly name: string;
  readonly table: ScheduleTable;
  /** The name of the BullMQ queue whose jobs call for workers. */
  readonly queueName: string;
  /** Returns the link of the queue, whose commands somebody waits for. */
  linkQueue(): BullmqLink;
  /** Returns the link of the worker, which waits for the server to come back however long it takes. */
  linkWorker(): BullmqLink;
  /** Returns the weaknesses of the server's setup, each with its remedy. */
  weaknesses(): Promise<string[]>;
  close(): Promise<void>;
}
