import type { LateTime, Run } from "@tidegate/core";
import type { JobOutcome, OfflineJobRequest, ScheduleOperator, SubmittedJob } from "@tidegate/core/operator";
import { VirtualClock } from "@tidegate/core/testing";
import type { StageStore } from "../evidence.js";
import { MINUTE, Succession } from "../succession.js";
import { T0 } from "../triggers.js";
import { INTERVALS, type LateJob, type LateStep, type LateStory, LENGTH } from "./story.js";

/** Long enough for everything that is still to come, minutes. */
const REST = 24 * 60;

/** A job as it really was; times in ms since the beginning. */
export interface DoneJob {
  readonly groupId: string;
  /** The number of its interval. */
  readonly index: number;
  readonly kind: OfflineJobRequest["kind"];
  readonly key: string;
  readonly script: LateJob;
  readonly submittedAt: number;
  readonly endsAt: number;
}

/** The state when all has come to rest. */
export interface LateEnding {
  readonly jobs: readonly DoneJob[];
  readonly late: readonly LateTime[];
  readonly runs: readonly Run[];
  readonly areSound: boolean;
}

/** Returns an instant in ms since the beginning. */
export const since = (instant: number): number => instant - T0;

/** Returns the interval of a group, in epoch ms. */
export const intervalAt = (index: number): { readonly lower: number; readonly upper: number } => ({
  lower: T0 + index * LENGTH * MINUTE,
  upper: T0 + (index + 1) * LENGTH * MINUTE,
});

/** A service whose jobs outlive the processes that submit them. */
class Service implements ScheduleOperator {
  readonly operatorType = "service";
  readonly jobs: DoneJob[] = [];
  readonly #clock: VirtualClock;
  readonly #story: LateStory;

  constructor(clock: VirtualClock, story: LateStory) {
    this.#clock = clock;
    this.#story = story;
  }

  async submit({ groupId, kind, lowerBound, idempotencyKey: key }: OfflineJobRequest): Promise<SubmittedJob> {
    const known = this.jobs.find((job) => job.key === key);
    if (known !== undefined) return { jobId: known.key };
    const scripts = groupId === "facts" ? this.#story.facts : this.#story.arrivals;
    const script = scripts[this.jobs.filter((job) => job.groupId === groupId).length % scripts.length]!;
    const submittedAt = since(this.#clock.now());
    const index = since(Number(lowerBound)) / (LENGTH * MINUTE);
    const endsAt = submittedAt + script.lasts * MINUTE;
    this.jobs.push({ groupId, index, kind, key, script, submittedAt, endsAt });
    return { jobId: key };
  }

  async find(key: string): Promise<SubmittedJob | undefined> {
    return this.jobs.some((job) => job.key === key) ? { jobId: key } : undefined;
  }

  wait(jobId: string): Promise<JobOutcome> {
    const job = this.jobs.find(({ key }) => key === jobId)!;
    const at = Math.max(this.#clock.now(), T0 + job.endsAt);
    return new Promise((resolve) => this.#clock.wakeAt(at, () => resolve(outcomeOf(job))));
  }

  async cancel(): Promise<void> {}
}

function outcomeOf({ index, script: { fails, facts, own } }: DoneJob): JobOutcome {
  if (fails) return { state: "FAILED", error: { code: "JOB_FAILED", message: "no" }, isRetryable: false };
  const earlier = (back: readonly number[]) =>
    back.filter((count) => count <= index).map((count) => intervalAt(index - count));
  return {
    state: "SUCCEEDED",
    touched: [
      { groupId: "facts", intervals: earlier(facts) },
      { groupId: "arrivals", intervals: earlier(own) },
    ].filter(({ intervals }) => intervals.length > 0),
  };
}

/** Has the library play a story until nothing more comes. */
export async function playedLate(story: LateStory, place: StageStore): Promise<LateEnding> {
  const clock = new VirtualClock({ start: T0, turns: place.turns });
  const service = new Service(clock, story);
  const process = new Succession({
    clock,
    place,
    assemble: (mortal) => ({
      operators: [mortal.guard(service)],
      restateSettleMs: story.settle * MINUTE,
      backfillEveryMs: 5 * MINUTE,
    }),
  });
  const act = async (one: LateStep): Promise<void> => {
    const { client } = process.tidegate;
    if (one.do === "crash") process.mortal.killAtWrite(one.writes, one.isWritten);
    if (one.do === "restart") await process.replace();
    if (one.do === "pause") await Promise.race([client.pause("facts"), process.mortal.died]);
    if (one.do === "resume") await Promise.race([client.resume("facts"), process.mortal.died]);
    await process.settle();
  };

  await process.start();
  try {
    const { client } = process.tidegate;
    const trigger = { type: "period", every: LENGTH, unit: "minute" } as const;
    const { upper: endTime } = intervalAt(INTERVALS - 1);
    const common = { trigger, startTime: T0, endTime, onFailure: "continue", maxAttempts: 1 } as const;
    await client.register({ ...common, groupId: "facts", onLate: story.onLate });
    await client.register({ ...common, groupId: "arrivals" });
    const steps = [...story.steps];
    for (let minute = 1; minute <= 2 * INTERVALS * LENGTH; minute += 1) {
      await process.pass(1);
      while (steps[0]?.at === minute) await act(steps.shift()!);
    }
    await process.survive();
    if ((await process.tidegate.client.get("facts")).status === "PAUSED") await act({ at: 0, do: "resume" });
    for (let minute = 0; minute < REST; minute += 10) await process.pass(10);
    const last = process.tidegate.client;
    const audits = await Promise.all(["facts", "arrivals"].map((groupId) => last.audit(groupId)));
    return {
      jobs: service.jobs,
      late: (await last.lateData({}, { limit: 1_000 })).items,
      runs: (await last.runs({}, { limit: 1_000 })).items,
      areSound: audits.every(({ isSound }) => isSound),
    };
  } finally {
    await process.dispose();
  }
}
