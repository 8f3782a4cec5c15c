import type { NewRun, RunChange } from "@tidegate/core/store";
import { toJson } from "./json.js";
import type { NextCall } from "./offsets.js";

/** Returns the call that notes which of the inserted runs are snapshots; none if there is none. */
export function snapshotsOf(runs: readonly NewRun[]): NextCall[] {
  const rows = runs.flatMap(({ id, snapshot }) =>
    snapshot === undefined ? [] : [{ id, snapshot: toJson(snapshot) }],
  );
  return rows.length === 0 ? [] : [["snapshots_inserted", toJson(rows)]];
}

/**
 * Returns the call that notes what changes say of snapshots; none if they say nothing.
 *
 * @param wave - the changes with their numbers, as `change_runs` returns those that it has made
 */
export function changedSnapshotsOf(
  wave: readonly { readonly element: RunChange; readonly no: number }[],
): NextCall[] {
  const rows = wave.flatMap(({ element: { id, snapshot }, no }) =>
    snapshot === undefined ? [] : [{ no, id, snapshot: toJson(snapshot) }],
  );
  return rows.length === 0 ? [] : [["snapshots_changed", toJson(rows)]];
}
