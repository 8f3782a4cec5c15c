import type { Run } from "@tidegate/core";
import { reportsOf, successesOf } from "../changes.js";
import type { ModelGroup } from "../model.js";
import { groupOf, START } from "../stage.js";
import { described } from "./laws.js";
import type { Ending } from "./stage.js";
import { MEDDLING } from "./story.js";

const MINUTE = 60_000;

/** Returns the runs whose time was done more than once without anybody having asked for it. */
export function doubled({ jobs, runs }: Pick<Ending, "jobs" | "runs">): string[] {
  const found: string[] = [];
  const byId = new Map(runs.map((run) => [run.id, run]));
  const done = jobs.filter(({ hasSucceeded }) => hasSucceeded);
  const counts = new Map<string, number>();
  for (const { runId } of done) counts.set(runId, (counts.get(runId) ?? 0) + 1);
  for (const [runId, count] of counts) if (count > 1) found.push(`${runId} was done ${count} times`);
  const minutes = new Map<string, Run>();
  for (const { runId } of done) {
    const run = byId.get(runId);
    // Others were asked for.
    if (run === undefined || run.kind !== "SCHEDULED") continue;
    for (let at = run.lower; at < run.upper; at += MINUTE) {
      const key = `${run.groupId} ${at}`;
      const other = minutes.get(key);
      if (other !== undefined && other.id !== run.id)
        found.push(`${described(run)} and ${described(other)} were both done`);
      minutes.set(key, run);
    }
  }
  return [...new Set(found)];
}

/** Returns the runs that do not know that what they have read has changed, or say so although it has not. */
export function outdated(
  groups: readonly ModelGroup[],
  { ever, runs }: Pick<Ending, "ever" | "runs">,
): string[] {
  const changes = groups.map((group, no) => [
    // Later reports are not made.
    ...reportsOf((group.reports ?? []).filter(({ at }) => at <= MEDDLING)),
    ...successesOf(group, no, ever),
  ]);
  const found: string[] = [];
  for (const run of runs) {
    if (run.kind === "REPORTED" || run.state !== "SUCCEEDED" || run.isSuperseded) continue;
    const read = run.inputs.filter(({ isIgnored = false }) => !isIgnored);
    const touching = read.flatMap(({ groupId, lower, upper }) =>
      changes[groupOf(groupId)]!.filter((change) => change.lower < upper && change.upper > lower),
    );
    const isStale = run.staleAt !== null;
    const opened = run.submittedAt!;
    if (!isStale && touching.some(({ at }) => at > opened))
      found.push(
        `${described(run)} is not stale: ${JSON.stringify(touching.filter(({ at }) => at > opened)[0])}`,
      );
    if (isStale && !touching.some(({ at }) => at >= run.plannedAt))
      found.push(`${described(run)} is stale since ${(run.staleAt! - START) / MINUTE}`);
  }
  return found;
}
