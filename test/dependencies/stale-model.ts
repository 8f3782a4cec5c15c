import type { Run } from "@tidegate/core";
import { reportsOf, successesOf } from "./changes.js";
import type { ModelGroup } from "./model.js";
import { groupOf } from "./stage.js";

/**
 * A second reading of what makes a run stale, by brute force: everything that ever changed the time that it has
 * read is looked at, minute by minute. It knows no digests.
 */

/** Whether a run has read other data than there are now; `undefined` if both happened at the same instant. */
export type Expectation = boolean | undefined;

/** Returns what is expected of each run that stands and has succeeded, in their order. */
export function expectedStaleness(
  groups: readonly ModelGroup[],
  ledger: readonly Run[],
): readonly { readonly run: Run; readonly isStale: Expectation }[] {
  const changes = groups.map((group, no) => [
    ...reportsOf(group.reports ?? []),
    ...successesOf(group, no, ledger),
  ]);
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
