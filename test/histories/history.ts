import type { BackfillSelect, ScheduleInfo } from "@tidegate/core";
import type { TriggerName } from "./triggers.js";

/**
 * Durations and places in histories are in tenths of an interval, so that one history means the same for every trigger
 * and shrinks to small numbers. Places count from the instant of the first registration.
 */
export type Tenths = number;

/** The settings of a schedule. */
export interface Policies {
  readonly trigger: TriggerName;
  /** Where the first interval begins; negative when there is a backlog at registration. */
  readonly start: Tenths;
  /** How long the schedule lasts; 0: without end. */
  readonly span: Tenths;
  readonly catchup: NonNullable<ScheduleInfo["catchup"]>;
  /** 0: unlimited. */
  readonly window: Tenths;
  readonly overlap: NonNullable<ScheduleInfo["overlap"]>;
  readonly maxActiveRuns: number;
  readonly onFailure: NonNullable<ScheduleInfo["onFailure"]>;
  readonly mode: NonNullable<ScheduleInfo["mode"]>;
  readonly fireAt: NonNullable<ScheduleInfo["fireAt"]>;
  readonly endRule: NonNullable<ScheduleInfo["endRule"]>;
  readonly firstInterval: NonNullable<ScheduleInfo["firstInterval"]>;
  readonly delay: Tenths;
  readonly maxAttempts: number;
  /** 0: unlimited. */
  readonly timeout: Tenths;
  /** How long after the end of its interval a run begins at the earliest. */
  readonly notBefore: Tenths;
  readonly dependsOnPast: false | "previous" | "all";
  readonly canOvertake: boolean;
  /** How many slots of the only pool each run takes; 0: none. */
  readonly slots: number;
  /** How often a copy follows the first, with the mode that makes copies; 0: never. */
  readonly fullEvery: Tenths;
}

/** The slots of the pool. */
export const POOL = { name: "warehouse", slots: 2 };

/** What becomes of a submission and its job. */
export interface JobScript {
  /**
   * `quick`: taken, and answered at once. `slow`: taken, answered a while later. `lost`: taken, but the answer is an error.
   * `away`: not taken, and the error leaves that open. `refused`: not taken, for certain. `hangs`: taken and not answered.
   */
  readonly submit: "quick" | "slow" | "lost" | "away" | "refused" | "hangs";
  /** How long the job runs; 0: it has ended when the submission is answered. */
  readonly lasts: Tenths;
  /** `malformed`: fails, and another attempt cannot help. */
  readonly ends: "succeeded" | "failed" | "malformed";
  /** What a request to stop does; `finishes`: the job has succeeded by then. */
  readonly cancel: "stops" | "slow" | "rejects" | "finishes";
}

/** Something that people, machines or time do. Steps that are not possible as things stand are refused by the product. */
export type Step =
  | { readonly do: "pass"; readonly for: Tenths }
  /** The machine sleeps, or its clock is set: time has passed and no timer has fired. */
  | { readonly do: "jump"; readonly for: Tenths }
  | { readonly do: "pause" }
  | { readonly do: "resume" }
  /** With `adopts`, waiting runs take the new version. */
  | { readonly do: "update"; readonly set: Partial<Policies>; readonly adopts?: boolean }
  /** A run that is open or has failed, counted from the oldest. */
  | { readonly do: "cancelRun"; readonly nth: number }
  /** A run that has failed or was cancelled, counted from the oldest. */
  | { readonly do: "retryRun"; readonly nth: number; readonly latest?: boolean }
  | { readonly do: "trigger" }
  | { readonly do: "resnapshot" }
  | { readonly do: "rerun"; readonly from: Tenths; readonly to: Tenths }
  | {
      readonly do: "backfill";
      readonly from: Tenths;
      readonly to: Tenths;
      readonly select: BackfillSelect;
      readonly concurrency: number;
    }
  | { readonly do: "cancelBackfill" }
  | { readonly do: "unregister" }
  | { readonly do: "purge" }
  /** Registers the group again. */
  | { readonly do: "register"; readonly set: Partial<Policies> }
  /**
   * The process dies at its n-th next write to the store, at the latest after `within`; another one starts `after` that.
   * With `isWritten` the last write was made, only nobody knew.
   */
  | {
      readonly do: "crash";
      readonly writes: number;
      readonly isWritten: boolean;
      readonly within: Tenths;
      readonly after: Tenths;
    }
  /** The process is stopped in an orderly way. */
  | { readonly do: "restart"; readonly after: Tenths };

/** Everything that happens to one group. Plain data: a history that fails can be pasted into a test. */
export interface History {
  readonly policies: Policies;
  /** Scripts of the submissions, in turn; after the last come the first again. */
  readonly jobs: readonly JobScript[];
  readonly steps: readonly Step[];
}

/** A schedule without trouble. */
export const PLAIN: Policies = {
  trigger: "hours",
  start: 0,
  span: 0,
  catchup: "each",
  window: 0,
  overlap: "queue",
  maxActiveRuns: 2,
  onFailure: "block",
  mode: "incremental",
  fireAt: "interval-end",
  endRule: "exclusive",
  firstInterval: "start-time",
  delay: 0,
  maxAttempts: 1,
  timeout: 0,
  notBefore: 0,
  dependsOnPast: false,
  canOvertake: false,
  slots: 0,
  fullEvery: 0,
};

/** A job that succeeds at once. */
export const GOOD: JobScript = { submit: "quick", lasts: 0, ends: "succeeded", cancel: "stops" };

/** A history, said in as few words as it takes: what is left out is plain and succeeds at once. */
export interface BriefHistory {
  readonly policies?: Partial<Policies>;
  readonly jobs?: readonly Partial<JobScript>[];
  readonly steps: readonly Step[];
}

/** The history in full. */
export function written({ policies = {}, jobs = [], steps }: BriefHistory): History {
  return {
    policies: { ...PLAIN, ...policies },
    jobs: jobs.length === 0 ? [GOOD] : jobs.map((job) => ({ ...GOOD, ...job })),
    steps,
  };
}

/** The other way round: leaves out what is plain. */
export function brief({ policies, jobs, steps }: History): BriefHistory {
  const shown = jobs.map((job) => differing(job, GOOD));
  const plain = shown.every((job) => Object.keys(job).length === 0);
  const set = differing(policies, PLAIN);
  return {
    ...(Object.keys(set).length === 0 ? {} : { policies: set }),
    ...(plain ? {} : { jobs: shown }),
    steps,
  };
}

function differing<T extends object>(value: T, from: T): Partial<T> {
  const entries = Object.entries(value).filter(([name, field]) => from[name as keyof T] !== field);
  return Object.fromEntries(entries) as Partial<T>;
}
