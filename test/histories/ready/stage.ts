import type { Run } from "@tidegate/core";
import type { JobOutcome, OfflineJobRequest, ScheduleOperator, SubmittedJob } from "@tidegate/core/operator";
import type { ProbeAnswer, ProbeContext, ProbeQuestion, ReadinessProbe } from "@tidegate/core/probe";
import { VirtualClock } from "@tidegate/core/testing";
import type { StageStore } from "../evidence.js";
import { MINUTE, Succession } from "../succession.js";
import { T0 } from "../triggers.js";
import { INTERVALS, LENGTH, type ReadyStep, type ReadyStory, TROUBLED } from "./story.js";

/** Long enough for all runs of a lane, each after the longest wait that a source asks for, minutes. */
const REST = INTERVALS * 10;

export const GROUPS = ["orders", "mirror"] as const;

/** A question as the source has heard it; times in ms since the beginning. */
export interface Heard {
  /** The number of the process that asked. */
  readonly by: number;
  /** The number of the interval. */
  readonly index: number;
  readonly askedAt: number;
  /** `undefined` if it was never answered. */
  answeredAt: number | undefined;
  /** `undefined` if that was no answer of the contract. */
  answer: ProbeAnswer | undefined;
}

/** A job as it really was. */
export interface ReadyJob {
  readonly groupId: string;
  readonly index: number;
  readonly key: string;
  readonly submittedAt: number;
  readonly endsAt: number;
}

/** All that was seen of a story. */
export interface ReadyEnding {
  readonly heard: readonly Heard[];
  readonly jobs: readonly ReadyJob[];
  readonly runs: readonly Run[];
  /** Reports of broken probes. */
  readonly troubles: readonly { readonly by: number; readonly at: number }[];
  /** When a process died, began or was stopped, or a schedule was paused or resumed. */
  readonly disturbedAt: readonly number[];
  /** Runs that a person has marked as ready, by group and number of the interval. */
  readonly marked: ReadonlySet<string>;
  readonly areSound: boolean;
}

const since = (instant: number): number => instant - T0;

const endOf = (index: number): number => (index + 1) * LENGTH * MINUTE;

/** Returns whether the source is complete for an interval. */
export function isComplete({ completeAfter, relapses }: ReadyStory, index: number, at: number): boolean {
  if (at >= TROUBLED * MINUTE) return true;
  if (relapses.some(({ from, lasts }) => at >= from * MINUTE && at < (from + lasts) * MINUTE)) return false;
  return at >= endOf(index) + completeAfter[index]! * MINUTE;
}

/** The source, which outlives the processes that ask it. */
class Shop {
  readonly heard: Heard[] = [];
  readonly #clock: VirtualClock;
  readonly #story: ReadyStory;

  constructor(clock: VirtualClock, story: ReadyStory) {
    this.#clock = clock;
    this.#story = story;
  }

  probeOf(by: number): ReadinessProbe {
    return { probeType: "shop", check: (question, context) => this.#answer(by, question, context) };
  }

  async #answer(by: number, { interval }: ProbeQuestion, { signal }: ProbeContext): Promise<ProbeAnswer> {
    const { answers } = this.#story;
    const { takes, is, retryAfter } = answers[this.heard.length % answers.length]!;
    const index = since(interval.lower) / (LENGTH * MINUTE);
    const heard: Heard = {
      by,
      index,
      askedAt: since(this.#clock.now()),
      answeredAt: undefined,
      answer: undefined,
    };
    this.heard.push(heard);
    const isTroubled = heard.askedAt < TROUBLED * MINUTE;
    if (isTroubled && is === "silent") return new Promise(() => undefined);
    if (takes > 0) await new Promise<void>((resolve) => this.#clock.wakeAfter(takes, resolve));
    if (signal.aborted) return new Promise(() => undefined);
    heard.answeredAt = since(this.#clock.now());
    if (isTroubled && is === "error") throw new Error("the shop is on fire");
    if (isTroubled && is === "garbage") return { isReady: "perhaps" } as never;
    heard.answer = this.#truth(index, heard.answeredAt, retryAfter);
    return heard.answer;
  }

  #truth(index: number, at: number, retryAfter: number): ProbeAnswer {
    const isReady = isComplete(this.#story, index, at);
    const retry = retryAfter === 0 ? {} : { retryAfterMs: retryAfter * 1_000 };
    const common = { detail: isReady ? "" : "the shop is closed", ...retry };
    if (!this.#story.hasWatermark) return { isReady, ...common };
    let complete = 0;
    while (complete < INTERVALS && isComplete(this.#story, complete, at)) complete += 1;
    return { isReady: complete > index, ...common, readyThrough: T0 + complete * LENGTH * MINUTE };
  }
}

/** A service whose jobs outlive the processes that submit them. */
class Service implements ScheduleOperator {
  readonly operatorType = "service";
  readonly jobs: ReadyJob[] = [];
  readonly #clock: VirtualClock;
  readonly #lasts: readonly number[];

  constructor(clock: VirtualClock, { lasts }: ReadyStory) {
    this.#clock = clock;
    this.#lasts = lasts;
  }

  async submit({ groupId, lowerBound, idempotencyKey: key }: OfflineJobRequest): Promise<SubmittedJob> {
    if (this.jobs.some((job) => job.key === key)) return { jobId: key };
    const submittedAt = since(this.#clock.now());
    const index = since(Number(lowerBound)) / (LENGTH * MINUTE);
    const lasts = this.#lasts[this.jobs.length % this.#lasts.length]!;
    this.jobs.push({ groupId, index, key, submittedAt, endsAt: submittedAt + lasts * MINUTE });
    return { jobId: key };
  }

  async find(key: string): Promise<SubmittedJob | undefined> {
    return this.jobs.some((job) => job.key === key) ? { jobId: key } : undefined;
  }

  wait(jobId: string): Promise<JobOutcome> {
    const job = this.jobs.find(({ key }) => key === jobId)!;
    const at = Math.max(this.#clock.now(), T0 + job.endsAt);
    return new Promise((resolve) => this.#clock.wakeAt(at, () => resolve({ state: "SUCCEEDED" })));
  }

  async cancel(): Promise<void> {}
}

/** Has the library play a story until nothing more comes. */
export async function playedReady(story: ReadyStory, place: StageStore): Promise<ReadyEnding> {
  const clock = new VirtualClock({ start: T0, turns: place.turns });
  const shop = new Shop(clock, story);
  const service = new Service(clock, story);
  const troubles: { by: number; at: number }[] = [];
  const disturbedAt: number[] = [];
  const marked = new Set<string>();
  const disturb = (): void => void disturbedAt.push(since(clock.now()));
  const process = new Succession({
    clock,
    place,
    assemble: (mortal, by) => ({
      operators: [mortal.guard(service)],
      probes: [mortal.guard(shop.probeOf(by))],
    }),
    onStart: (tidegate, mortal, by) => {
      tidegate.events.on("trouble", ({ where }) => {
        if (where === "probe" && !mortal.isDead) troubles.push({ by, at: since(clock.now()) });
      });
      void mortal.died.then(disturb);
      disturb();
    },
  });
  const mark = async (): Promise<void> => {
    const { client } = process.tidegate;
    const { items } = await client.runs({ states: ["PLANNED"] }, { limit: 100 });
    const run = items.find(({ place: at }) => at === "gated");
    if (run === undefined) return;
    marked.add(`${run.groupId} ${since(run.lower) / (LENGTH * MINUTE)}`);
    await client.markReady(run.id, "The shop has no data today.");
  };
  const act = async (one: ReadyStep): Promise<void> => {
    const { client } = process.tidegate;
    const { died } = process.mortal;
    if (one.do === "crash") process.mortal.killAtWrite(one.writes, one.isWritten);
    if (one.do === "restart") await process.replace();
    if (one.do === "mark") await Promise.race([mark(), died]);
    if (one.do === "pause" || one.do === "resume") {
      disturb();
      await Promise.race([client[one.do]("orders"), died]);
    }
    await process.settle();
  };

  await process.start();
  try {
    const { client } = process.tidegate;
    const trigger = { type: "period", every: LENGTH, unit: "minute" } as const;
    const common = { trigger, startTime: T0, endTime: T0 + endOf(INTERVALS - 1), maxAttempts: 1 } as const;
    const { overlap } = story;
    for (const groupId of GROUPS)
      await client.register({ ...common, groupId, overlap, maxActiveRuns: 3, ready: [{ type: "shop" }] });
    const steps = [...story.steps];
    for (let minute = 1; minute <= TROUBLED; minute += 1) {
      await process.pass(1);
      while (steps[0]?.at === minute) await act(steps.shift()!);
    }
    await process.survive();
    if ((await process.tidegate.client.get("orders")).status === "PAUSED") await act({ at: 0, do: "resume" });
    for (let minute = 0; minute < REST; minute += 10) await process.pass(10);
    const last = process.tidegate.client;
    const audits = await Promise.all(GROUPS.map((groupId) => last.audit(groupId)));
    const { items: runs } = await last.runs({}, { limit: 1_000 });
    const areSound = audits.every(({ isSound }) => isSound);
    return { heard: shop.heard, jobs: service.jobs, runs, troubles, disturbedAt, marked, areSound };
  } finally {
    await process.dispose();
  }
}
