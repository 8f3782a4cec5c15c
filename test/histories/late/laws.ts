import { MINUTE } from "../succession.js";
import { type DoneJob, intervalAt, type LateEnding, since } from "./stage.js";
import { INTERVALS, type LateStory } from "./story.js";

/** Rows of an interval that a job has written when it was over. */
interface Rows {
  readonly groupId: string;
  readonly index: number;
  readonly at: number;
}

const OPEN = ["PLANNED", "SUBMITTING", "RUNNING"];

/**
 * Returns what is wrong with the end of a story, in terms of what the jobs did and when. It is another reading of what the
 * documentation promises, without settling, stretches or reports.
 */
export function brokenLaws(story: LateStory, { jobs, late, runs, areSound }: LateEnding): string[] {
  const broken: string[] = [];
  const demand = (isHeld: boolean, law: string): void => {
    if (!isHeld) broken.push(law);
  };
  const rows = jobs.flatMap(rowsOf);
  demand(areSound, "the audit is not sound");
  demand(!runs.some(({ state }) => OPEN.includes(state)), "a run waits for nothing");
  for (const { groupId, lower, upper, state, reportedBy, backfillId } of late) {
    const name = `late data of ${groupId} from ${lower} to ${upper}`;
    const isTouched = rows.some((row) => {
      const interval = intervalAt(row.index);
      return row.groupId === groupId && interval.lower >= lower && interval.upper <= upper;
    });
    demand(isTouched, `${name}: nobody wrote such rows`);
    demand(reportedBy === "arrivals", `${name}: reported by ${reportedBy}`);
    const allowed = groupId === "arrivals" ? ["MARKED"] : ALLOWED[story.onLate];
    demand(allowed.includes(state), `${name} is ${state}`);
    demand((state === "RESTATED") === (backfillId !== null), `${name} is ${state} by ${backfillId}`);
  }
  for (const groupId of ["facts", "arrivals"])
    for (let index = 0; index < INTERVALS; index += 1) {
      const of = <T extends Rows | DoneJob>(all: readonly T[]): T[] =>
        all.filter((one) => one.groupId === groupId && one.index === index);
      const isRestated = groupId === "facts" && story.onLate === "restate";
      for (const law of lawsOfInterval(of(jobs), of(rows), isRestated, story.settle * MINUTE))
        broken.push(`${groupId} ${index}: ${law}`);
      for (const { at } of of(rows)) {
        if (!wasReadBefore(of(jobs), at)) continue;
        const { lower, upper } = intervalAt(index);
        const isRecorded = late.some(
          (one) =>
            one.groupId === groupId && one.lower <= lower && one.upper >= upper && since(one.lastAt) >= at,
        );
        demand(isRecorded, `${groupId} ${index}: rows of ${at} ms are not recorded`);
      }
    }
  return broken;
}

const ALLOWED: Record<LateStory["onLate"], readonly string[]> = {
  ignore: ["IGNORED"],
  mark: ["MARKED"],
  restate: ["MARKED", "RESTATED"],
};

function rowsOf({ groupId, index, script, endsAt }: DoneJob): Rows[] {
  if (groupId !== "arrivals" || script.fails) return [];
  const written = (of: string, back: readonly number[]): Rows[] =>
    back
      .filter((count) => count <= index)
      .map((count) => ({ groupId: of, index: index - count, at: endsAt }));
  return [...written("facts", script.facts), ...written("arrivals", script.own)];
}

/** Whether the interval had been read before rows of it came, and that came to something. */
function wasReadBefore(jobs: readonly DoneJob[], at: number): boolean {
  return jobs.some(({ submittedAt, script }) => submittedAt < at && !script.fails);
}

function lawsOfInterval(
  jobs: readonly DoneJob[],
  rows: readonly Rows[],
  isRestated: boolean,
  settleMs: number,
): string[] {
  const broken: string[] = [];
  const again = jobs.filter(({ kind }) => kind === "BACKFILL");
  const first = jobs.filter(({ kind }) => kind === "SCHEDULED");
  if (first.length !== 1) broken.push(`${first.length} jobs of its own`);
  if (again.length > 0 && !isRestated) broken.push("was run again");
  if (again.length > rows.length)
    broken.push(`rows came ${rows.length} times, and it was run again ${again.length} times`);
  const earliest = Math.min(...rows.map(({ at }) => at)) + settleMs;
  for (const { submittedAt } of again)
    if (submittedAt < earliest) broken.push(`was run again at ${submittedAt}, before ${earliest}`);
  if (!isRestated) return broken;
  for (const { at } of rows)
    if (wasReadBefore(jobs, at) && !jobs.some(({ submittedAt }) => submittedAt >= at))
      broken.push(`rows of ${at} ms were never read`);
  return broken;
}
