import type { Run } from "@tidegate/core";
import type { ModelGroup } from "./model.js";
import { groupOf, START } from "./stage.js";

const MINUTE = 60_000;

/** Something that changed time of a group, epoch ms. */
export interface Change {
  readonly at: number;
  readonly lower: number;
  readonly upper: number;
}

/** Each success covers its time anew, and adds rows to the earlier time that its job has touched. */
export function successesOf(group: ModelGroup, no: number, ledger: readonly Run[]): Change[] {
  return ledger
    .filter(
      ({ groupId, kind, state }) => groupOf(groupId) === no && kind !== "REPORTED" && state === "SUCCEEDED",
    )
    .flatMap(({ lower, upper, endedAt }) => {
      const index = ((lower - START) / MINUTE - group.start) / group.period;
      const length = group.period * MINUTE;
      const touched = group.touches(index).map((back) => ({
        at: endedAt!,
        lower: lower - back * length,
        upper: lower - back * length + length,
      }));
      return [{ at: endedAt!, lower, upper }, ...touched];
    });
}

/** A report changes those minutes that had no version, or another one. */
export function reportsOf(reports: NonNullable<ModelGroup["reports"]>): Change[] {
  const versions = new Map<number, number>();
  return reports.flatMap(({ at, from, to, version }) => {
    const changed: Change[] = [];
    for (let minute = from; minute < to; minute += 1) {
      if (versions.get(minute) === version) continue;
      versions.set(minute, version);
      const lower = START + minute * MINUTE;
      changed.push({ at: START + at * MINUTE, lower, upper: lower + MINUTE });
    }
    return changed;
  });
}
