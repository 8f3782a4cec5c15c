import { hash } from "node:crypto";
import { join } from "node:path";
import type { Interval } from "@tidegate/core";
import type { Window } from "../job/window.js";

/** Where things of one interval lie below a target's directory. */
export interface Layout {
  readonly target: string;
  /** The interval's name in every path: its bounds in ISO 8601's basic format, or `full`. */
  readonly interval: string;
  /** `interval=…`: the directory of what readers see. */
  readonly partition: string;
  /** The partition's only file; its rename is the commit. */
  readonly file: string;
  /** What attempts at this interval write before they commit. Only one of them is alive. */
  readonly work: string;
  /** Bad rows of the interval. */
  readonly rejected: string;
  /** Where all intervals' bad rows of no readable time lie. */
  readonly untimedDirectory: string;
  /** Those that this interval's run was the first to meet. */
  readonly untimed: string;
}

export const PARTITION_FILE = "part.parquet";
/** The column that hive-style readers make of the directories' names. */
export const PARTITION_COLUMN = "interval";
const PREFIX = `${PARTITION_COLUMN}=`;
const FULL = "full";

/** Only file names that end in `.parquet` are data: DuckDB's `**` looks into directories that begin with a dot as well. */
export function layoutOf(target: string, window: Window): Layout {
  const interval = window.isFull ? FULL : `${basicIso(window.lower)}_${basicIso(window.upper)}`;
  const partition = join(target, PREFIX + interval);
  const untimedDirectory = join(target, ".rejected", "untimed");
  return {
    target,
    interval,
    partition,
    file: join(partition, PARTITION_FILE),
    work: join(target, ".tidegate", interval),
    rejected: join(target, ".rejected", `${interval}.jsonl`),
    untimedDirectory,
    untimed: join(untimedDirectory, `${interval}.jsonl`),
  };
}

/** An attempt's own directory below `work`. Its name is safe whatever the run's id is. */
export function attemptDirectory(layout: Layout, runId: string, attempt: number): string {
  const name = /^[A-Za-z0-9_-]{1,64}$/.test(runId) ? runId : hash("sha256", runId, "hex");
  return join(layout.work, `${name}-${attempt}`);
}

/** What a directory below a target holds: the interval, `full`, or `undefined` when it is no partition. */
export function partitionOf(directoryName: string): Interval | typeof FULL | undefined {
  if (!directoryName.startsWith(PREFIX)) return undefined;
  const name = directoryName.slice(PREFIX.length);
  if (name === FULL) return FULL;
  const [lower, upper] = name.split("_").map(fromBasicIso);
  return lower === undefined || upper === undefined ? undefined : { lower, upper };
}

/** Such as `20260101T000000.000Z`: sorts by time within years of four digits, and needs no quoting anywhere. */
function basicIso(ms: number): string {
  return new Date(ms)
    .toISOString()
    .replace(/-(\d\d)-(\d\d)T/, "$1$2T")
    .replaceAll(":", "");
}

function fromBasicIso(text: string): number | undefined {
  const parts = /^([+-]\d{6}|\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d\.\d{3}Z)$/.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second] = parts;
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}`);
  return Number.isNaN(ms) ? undefined : ms;
}
