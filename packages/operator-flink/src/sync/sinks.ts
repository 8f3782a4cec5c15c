import type { SyncSink } from "../job/job.js";
import type { Problem, SinkConnector, SinkWriting } from "./connector.js";

/**
 * Each interval has its own folder, which is overwritten as a whole. As a partition of one table it would
 * keep its old files if the interval has become empty: `INSERT OVERWRITE` of no rows touches no partition.
 */
const filesystem: SinkConnector = ({ options = {}, folder = "from={{lower.epochMs}}" }) => {
  const { path } = options;
  if (path === undefined) return { field: "options.path", problem: "must be the folder of the copies" };
  return { isOverwriting: true, options: { path: `${path.replace(/\/+$/, "")}/${folder}` } };
};

/** Writes nothing at all. */
const blackhole: SinkConnector = () => ({});

/** The built-in sinks that can replace; others are refused, or accepted with `rerun: "appends"`. */
export const SINKS: Readonly<Record<string, SinkConnector>> = {
  filesystem,
  blackhole,
  jdbc: byKey,
  "upsert-kafka": byKey,
  kafka: () => ({
    field: "connector",
    problem:
      'only appends, so that a second run would double an interval; use upsert-kafka, or accept it with rerun: "appends"',
  }),
};

/** Replaces rows by key; a row that is gone from the source stays. */
export function byKey({ primaryKey }: SyncSink): SinkWriting | Problem {
  if (primaryKey !== undefined) return {};
  return {
    field: "primaryKey",
    problem:
      'must be given: without a key a second run doubles an interval (or accept it with rerun: "appends")',
  };
}
