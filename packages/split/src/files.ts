import type { JsonObject } from "@tidegate/core";
import type { ShardSpec } from "@tidegate/core/operator";
import { keyOf, packed } from "./packing.js";

/** A file as it was when it was listed. */
export interface VersionedFile {
  readonly path: string;
  /** Tells the file's content from others that it has had: an entity tag, or its size and time of change. */
  readonly version: string;
}

/**
 * Returns shards of about the same size, of whole files.
 *
 * @param files - each once, with its size in bytes
 * @param count - how many shards to aim for, at least 1
 */
export function fileShards(
  files: readonly (VersionedFile & { readonly bytes: number })[],
  count: number,
): ShardSpec[] {
  // An empty file takes time as well.
  const weightOf = ({ bytes }: { readonly bytes: number }): number => Math.max(1, bytes);
  return packed(files, weightOf, count).map(({ items, weight }) => ({
    key: keyOf(items.map(({ path, version }) => `${path}@${version}`)),
    args: { files: items.map(({ path, version }) => ({ path, version })) },
    weight,
  }));
}

/** Returns the files that the `args` of a shard of `fileShards` name. */
export function filesOf({ files }: JsonObject): readonly VersionedFile[] {
  return (files ?? []) as unknown as readonly VersionedFile[];
}
