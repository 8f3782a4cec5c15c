import { hash } from "node:crypto";
import { join } from "node:path";
import type { Interval } from "@tidegate/core";
import type { Window } from "../job/window.js";

/** Paths of one interval's files below a target's directory. */
export interface Layout {
  readonly target: string;
  /** The interval's name in every path: its bounds in ISO 8601's basic format, or `full`. */
  readonly interval: string;
  /** `interval=…`: the directory that readers see. */
  readonly partition: string;
  /** The partition's only file; its rename is the commit. */
  readonly file: string;
  /** The folder in which attempts at this interval have folders of their own, for what they write before they commit. */
  readonly work: string;
  /** Bad rows of the interval. */
  readonly rejected: string;
  /** Directory of all intervals' bad rows without a readable time. */
  readonly untimedDirectory: string;
  /** Those that this interval's run was the first to meet. */
  readonly untimed: string;
  /** The interval's own file of `untimedDirectory`: `untimed`, unless that is a shard's. */
  readonly ownUntimed: string;
  /** Directory of what shards of the interval's runs have written, until it is merged; each snapshot has its own. */
  readonly shards: string;
  /** The record of an interval without rows whose columns are not known: there is no partition then. */
  readonly recordOfNone: string;
}

export const PARTITION_FILE = "part.parquet";
/** The column that hive-style readers derive from the directory names. */
export const PARTITION_COLUMN = "interval";
const PREFIX = `${PARTITION_COLUMN}=`;
const FULL = "full";
const SHARDS = ".shards";

/** Only data files end in `.parquet`: DuckDB's `**` also searches directories that begin with a dot. */
export function layoutOf(target: string, window: Window): Layout {
  const interval = window.isFull ? FULL : `${basicIso(window.lower)}_${basicIso(window.upper)}`;
  const partition = join(target, PREFIX + interval);
  const untimedDirectory = join(target, ".rejected", "untimed");
  const untimed = join(untimedDirectory, `${interval}.jsonl`);
  return {
    target,
    interval,
    partition,
    file: join(partition, PARTITION_FILE),
    work: join(target, ".tidegate", interval),
    rejected: join(target, ".rejected", `${interval}.jsonl`),
    untimedDirectory,
    untimed,
    ownUntimed: untimed,
    shards: join(target, ".tidegate", shardsName(interval, window)),
    recordOfNone: join(target, ".tidegate", `${interval}.none`),
  };
}

/** Snapshots up to different instants may be under way at the same time. */
function shardsName(interval: string, { isFull, upper }: Window): string {
  return `${isFull ? `${FULL}_${basicIso(upper)}` : interval}${SHARDS}`;
}

/** Returns the end of the snapshot whose shards a directory has, epoch ms; `undefined` if it has others, or none. */
export function snapshotOfShards(directoryName: string): number | undefined {
  const isSnapshot = directoryName.startsWith(`${FULL}_`) && directoryName.endsWith(SHARDS);
  return isSnapshot ? fromBasicIso(directoryName.slice(FULL.length + 1, -SHARDS.length)) : undefined;
}

/** Returns where a shard of a run writes: aside, so that readers see nothing of it. */
export function shardLayoutOf(layout: Layout, runId: string, key: string): Layout {
  const name = hash("sha256", key, "hex").slice(0, 32);
  const path = (ending: string): string => join(layout.shards, safeName(runId), `${name}.${ending}`);
  return {
    ...layout,
    file: path("rows"),
    rejected: path("rejected"),
    untimed: path("untimed"),
    work: join(layout.shards, safeName(runId), name),
  };
}

/** Returns a name for files that is safe for any id of a run or group. */
export function safeName(id: string): string {
  return /^[A-Za-z0-9_-]{1,64}$/.test(id) ? id : hash("sha256", id, "hex");
}

/**
 * Returns what a directory below a target holds: an interval, `full`, or `undefined` if it is not a
 * partition.
 */
export function partitionOf(directoryName: string): Interval | typeof FULL | undefined {
  if (!directoryName.startsWith(PREFIX)) return undefined;
  const name = directoryName.slice(PREFIX.length);
  if (name === FULL) return FULL;
  const [lower, upper] = name.split("_").map(fromBasicIso);
  return lower === undefined || upper === undefined ? undefined : { lower, upper };
}

/**
 * Formats an instant as `20260101T000000.000Z`: sorts by time within four-digit years, and never needs
 * quoting.
 */
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
