import type { NewRun } from "@tidegate/core/store";
import { toJson } from "./json.js";
import type { NextCall } from "./offsets.js";

/** Returns the call that notes which of the inserted runs are snapshots; none if there is none. */
export function snapshotsOf(runs: readonly NewRun[]): NextCall[] {
  const rows = runs.flatMap(({ id, snapshot }) =>
    snapshot === undefined ? [] : [{ id, snapshot: toJson(snapshot) }],
  );
  return rows.length === 0 ? [] : [["snapshots_inserted", toJson(rows)]];
}
