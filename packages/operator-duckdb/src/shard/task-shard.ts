import type { JsonObject } from "@tidegate/core";
import { filesOf, type VersionedFile } from "@tidegate/split";
import { type TablePart, tablePartOf } from "./table-part.js";

/** The part of a job that a task does: some files, or a part of a table. */
export interface TaskShard {
  readonly files?: readonly VersionedFile[];
  readonly part?: TablePart;
}

/** Returns what the `args` of a shard name. */
export function taskShardOf(args: JsonObject): TaskShard {
  return args.files === undefined ? { part: tablePartOf(args) } : { files: filesOf(args) };
}
