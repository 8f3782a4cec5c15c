import type { Run } from "@tidegate/core";
import type { ModelGroup } from "./model.js";
import { groupOf, START } from "./stage.js";

/**
 * A second reading of what makes a run stale, by brute force: everything that ever changed the time that it has
 * read is looked at, minute by minute. It knows no digests.
 */

const MINUTE = 60_000;

/** Something that changed time of a group, epoch ms. */
interface Change {
  readonly at: number;
  readonly lower: number;
  readonly upper: number;
}

/** Whether a run has read other data than there are now; `undefined` if both happened at the same instant. */
export type Expectation = boolean | undefined;

/** Returns what is expected of each run that stands and has succeeded, in their order. */
export function expectedStaleness(
  groups: readonly ModelGroup[],
  ledger: readonly Run[],
): readonly { readonly run: Run; readonly isStale: Expectation }[] {
  const changes = groups.map((group, no) => [...reportsOf(group), ...changesOf(group, no, ledger)]);
  return ledger.filter(stands).map((run) => {
    const opened = run.submittedAt!;
    const read = run.inputs.filter(({ isIgnored = false }) => !isIgnored);
    const later = read.flatMap(({ groupId, lower, upper }) =>
      changes[groupOf(groupId)]!.filter(
        (change) => change.at >= opened && change.lower < upper && change.upper > lower,
      ),
    );
    if (later.some(({ at }) => at > opened)) return { run, isStale: true };
    return { run, isStale: later.length > 0 ? undefined : false };
  });
}

function stands({ kind, state, isSuperseded }: Run): boolean {
  return kind !== "REPORTED" && state === "SUCCEEDED" && !isSuperseded;
}

/** Each success covers its time anew, and adds rows to the earlier time that its job has touched. */
function changesOf(group: ModelGroup, no: number, ledger: readonly Run[]): Change[] {
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
function reportsOf({ reports = [] }: ModelGroup): Change[] {
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
