import type { BrokenLaw } from "./evidence.js";
import { type History, type JobScript, PLAIN, type Policies, type Step } from "./history.js";

/** A fault of the product that is known and not repaired yet. Delete it here once it is. */
export interface OpenFault {
  /** The same history without the ingredient that is known to go wrong. */
  readonly avoid?: (history: History) => History;
  /** A broken law that says nothing new. */
  readonly tolerates?: (broken: BrokenLaw) => boolean;
}

/** All that are open, by what is wrong. */
export const OPEN_FAULTS: Readonly<Record<string, OpenFault>> = {
  "a job that cannot be stopped at once is given up": {
    avoid: (history) => (stopsJobs(history) ? withJobs(history, answered) : history),
  },
  "what a person runs again need not be over yet": {
    tolerates: ({ message }) => /^not-before-it-is-over: (BACKFILL|MANUAL)/.test(message),
  },
  "a purged ledger's job is taken for the new ledger's": {
    avoid: (history) => withSteps(history, (step) => (step.do === "purge" ? { do: "unregister" } : step)),
  },
  "an interval is run again while its last submission is unclear": {
    avoid: (history) =>
      does(history, "backfill", "rerun", "trigger", "cancelRun", "unregister", "purge")
        ? withJobs(history, (job) => (UNCLEAR.includes(job.submit) ? { ...job, submit: "refused" } : job))
        : history,
  },
  "a failed run counts as busy for overlap drop": {
    tolerates: ({ message }) => /^given-up-for-a-reason: .*overlap-dropped/.test(message),
  },
  "a run of a deleted schedule may be retried and waits for ever": {
    tolerates: ({ message }) => /^nothing-waits-that-could-run: .*DELETED$/.test(message),
  },
  "cancel-running loses what is not the newest": {
    avoid: (history) =>
      withSettings(history, (set) =>
        set.overlap === "cancel-running" ? { ...set, overlap: "coalesce-pending" } : set,
      ),
  },
  "a schedule that is paused or deleted already cannot be paused by a failed run, and that is a trouble": {
    tolerates: ({ message }) => /^no-trouble: .*PAUSE_FAILED/.test(message),
  },
  "a backfill's run between two attempts is not held by a pause": {
    tolerates: ({ message }) => message === "paused: a BACKFILL job began",
  },
  "an update moves the ledger's beginning into the range of a backfill": {
    avoid: (history) =>
      does(history, "backfill") ? withSettings(history, ({ firstInterval: _, ...rest }) => rest) : history,
  },
  "endRule inclusive is planned for ever": {
    avoid: (history) => withSettings(history, ({ endRule: _, ...rest }) => rest),
  },
};

const UNCLEAR: readonly JobScript["submit"][] = ["lost", "away", "hangs"];

function does({ steps }: History, ...verbs: readonly Step["do"][]): boolean {
  return steps.some((step) => verbs.includes(step.do));
}

function stopsJobs({ policies, steps }: History): boolean {
  const settings = [policies, ...steps.map((step) => ("set" in step ? step.set : {}))];
  return (
    settings.some(({ overlap, timeout = 0 }) => overlap === "cancel-running" || timeout > 0) ||
    steps.some((step) => step.do === "cancelRun")
  );
}

function answered(job: JobScript): JobScript {
  const submit = job.submit === "refused" ? "refused" : "quick";
  return { ...job, submit, cancel: job.cancel === "finishes" ? "finishes" : "stops" };
}

function withJobs(history: History, change: (job: JobScript) => JobScript): History {
  return { ...history, jobs: history.jobs.map(change) };
}

function withSettings(history: History, change: (set: Partial<Policies>) => Partial<Policies>): History {
  return {
    ...history,
    policies: { ...PLAIN, ...change(history.policies) },
    steps: history.steps.map((step) => ("set" in step ? { ...step, set: change(step.set) } : step)),
  };
}

function withSteps(history: History, change: (step: Step) => Step): History {
  return { ...history, steps: history.steps.map(change) };
}

/** The history without the ingredients of open faults. */
export function avoidingOpenFaults(history: History): History {
  return Object.values(OPEN_FAULTS).reduce((left, { avoid }) => avoid?.(left) ?? left, history);
}

/** The open fault that a broken law shows, or `undefined` when it shows a new one. */
export function openFaultOf(broken: BrokenLaw): string | undefined {
  return Object.entries(OPEN_FAULTS).find(([, { tolerates }]) => tolerates?.(broken) === true)?.[0];
}
