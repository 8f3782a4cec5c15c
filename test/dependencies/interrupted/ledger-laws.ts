import type { Run } from "@tidegate/core";
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

interface Change {
  readonly at: number;
  readonly lower: number;
  readonly upper: number;
}

/** Returns the runs that do not know that what they have read has changed, or say so although it has not. */
export function outdated(
  groups: readonly ModelGroup[],
  { ever, runs }: Pick<Ending, "ever" | "runs">,
): string[] {
  const changes = groups.map((group, no) => [...reportsOf(group), ...successesOf(group, no, ever)]);
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

/** Each success covers its time anew, and adds rows to the earlier time that its job has touched. */
function successesOf(group: ModelGroup, no: number, ever: readonly Run[]): Change[] {
  return ever
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
  // Later ones are not made.
  const made = reports.filter(({ at }) => at <= MEDDLING);
  return made.flatMap(({ at, from, to, version }) => {
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
