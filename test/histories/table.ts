import { triggerNames } from "./generate.js";
import { type BriefHistory, type History, type Policies, type Step, written } from "./history.js";

/** Something that comes between, in the middle of a backlog and of jobs that run, fail and are retried. */
type Interruption = Pick<BriefHistory, "jobs" | "policies"> & { readonly steps: readonly Step[] };

const pass = (tenths: number): Step => ({ do: "pass", for: tenths });

/** What interrupts the schedules of the table, by name. */
export const INTERRUPTIONS: Readonly<Record<string, Interruption>> = {
  nothing: { steps: [] },
  "a pause": { steps: [{ do: "pause" }, pass(22), { do: "resume" }] },
  "a cancelled run": { steps: [{ do: "cancelRun", nth: 0 }, pass(1), { do: "cancelRun", nth: 1 }] },
  "a retried run": { steps: [pass(13), { do: "retryRun", nth: 0 }] },
  "a run by hand": { steps: [{ do: "trigger" }, pass(7), { do: "rerun", from: -20, to: 0 }] },
  "a backfill of everything": {
    steps: [{ do: "backfill", from: -60, to: 10, select: "all", concurrency: 2 }],
  },
  "a backfill of what is incomplete": {
    steps: [pass(15), { do: "backfill", from: -30, to: 20, select: "incomplete", concurrency: 1 }],
  },
  "another registration": { steps: [{ do: "unregister" }, pass(15), { do: "register", set: {} }] },
  "a later start": { steps: [{ do: "unregister" }, pass(5), { do: "register", set: { start: 30 } }] },
  "a new ledger": { steps: [{ do: "purge" }, pass(5), { do: "register", set: {} }] },
  "a slow submission": {
    jobs: [
      { submit: "slow", lasts: 12 },
      { submit: "lost", lasts: 7 },
    ],
    steps: [pass(3)],
  },
  "a time-out": { policies: { timeout: 4, maxAttempts: 2 }, jobs: [{ lasts: 8 }, {}], steps: [pass(12)] },
  "a job that cannot be stopped": {
    jobs: [
      { lasts: 25, cancel: "rejects" },
      { lasts: 3, cancel: "slow" },
    ],
    steps: [{ do: "cancelRun", nth: 0 }],
  },
  "a crash": { steps: [{ do: "crash", writes: 2, isWritten: true, within: 12, after: 8 }] },
  "a crash before the write": { steps: [{ do: "crash", writes: 1, isWritten: false, within: 5, after: 0 }] },
  "a stop": { steps: [{ do: "restart", after: 17 }] },
  "a clock that was set forward": { steps: [{ do: "jump", for: 34 }] },
  "another trigger": { steps: [{ do: "update", set: { trigger: "uneven" } }] },
  "an end": { steps: [{ do: "update", set: { span: 60 } }] },
  "a wider lane": { steps: [{ do: "update", set: { overlap: "allow", maxActiveRuns: 3 } }] },
  "other policies": {
    steps: [{ do: "update", set: { catchup: "drop", onFailure: "continue", maxAttempts: 2, window: 25 } }],
  },
};

/** One row: how it is called, and what happens. */
export interface Row {
  readonly name: string;
  readonly history: History;
}

/** Every combination of the policies that decide what runs, with everything that may come between. */
export function rowsOf(overlap: Policies["overlap"]): Row[] {
  const rows: Row[] = [];
  for (const catchup of ["each", "coalesce", "drop"] as const) {
    for (const window of [0, 15]) {
      for (const onFailure of ["block", "continue", "pause"] as const) {
        for (const [name, between] of Object.entries(INTERRUPTIONS)) {
          // What matters less goes round, so that it meets everything else in turn.
          const turn = rows.length;
          const policies: Partial<Policies> = {
            trigger: triggerNames[turn % triggerNames.length]!,
            start: -25,
            span: turn % 3 === 0 ? 70 : 0,
            catchup,
            window,
            overlap,
            maxActiveRuns: 1 + (turn % 3),
            onFailure,
            mode: turn % 5 === 0 ? "full" : "incremental",
            fireAt: turn % 2 === 0 ? "interval-end" : "interval-start",
            endRule: turn % 7 === 0 ? "inclusive" : "exclusive",
            delay: turn % 4 === 0 ? 3 : 0,
            maxAttempts: 1 + (turn % 2),
            ...between.policies,
          };
          const jobs = between.jobs ?? [{ lasts: 12 }, { ends: "failed" }, {}, { lasts: 4, ends: "failed" }];
          const steps = [pass(8), ...between.steps, pass(14)];
          rows.push({
            name: `${overlap}, ${catchup}${window === 0 ? "" : ` within ${window}`}, ${onFailure}: ${name}`,
            history: written({ policies, jobs, steps }),
          });
        }
      }
    }
  }
  return rows;
}
