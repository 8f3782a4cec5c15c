/** The name of the BullMQ queue. */
export const QUEUE_NAME = "calls";

/**
 * Returns BullMQ's key prefix: the braces keep its keys in one slot of a cluster, beside the engine's own.
 */
export function hashTag(prefix: string): string {
  return `{${prefix}}`;
}

/** The engine's keys in Redis. */
export interface EngineKeys {
  /** Hash: group id to definition. */
  readonly definitions: string;
  /** Sorted set of all group ids with score 0, so that a page of them can be read in order. */
  readonly groups: string;
  /**
   * Sorted set of group ids by when to check each: when its next fire is due; or, while a manager works on
   * that fire, when others may take it over.
   */
  readonly due: string;
  /** Hash: `id` of the data, random enough to differ after a loss, and `revision`, how often they were changed. */
  readonly state: string;
  /** The process that checks for due fires; expires when it dies. */
  readonly ticker: string;
  /** BullMQ's list of jobs that no worker has begun. */
  readonly waiting: string;
}

/** Returns the names of the engine's keys. */
export function engineKeys(prefix: string): EngineKeys {
  const tag = hashTag(prefix);
  return {
    definitions: `${tag}:engine:definitions`,
    groups: `${tag}:engine:groups`,
    due: `${tag}:engine:due`,
    state: `${tag}:engine:state`,
    ticker: `${tag}:engine:ticker`,
    waiting: `${tag}:${QUEUE_NAME}:wait`,
  };
}
