import {
  createTidegate,
  isTidegateError,
  type Run,
  type ScheduleClient,
  type Tidegate,
} from "@tidegate/core";
import type { JobOutcome, OfflineJobRequest, ScheduleOperator } from "@tidegate/core/operator";
import { MemoryStore, VirtualClock } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { Budget, Mortal } from "../../histories/mortal.js";
import type { ModelGroup } from "../model.js";
import { groupOf, START, scheduleOf } from "../stage.js";
import { Judge, type Look, OPEN_STATES } from "./laws.js";
import { type Act, type InterruptedStory, MEDDLING } from "./story.js";

const MINUTE = 60_000;
const NEVER_MS = 36_500 * 86_400_000;

/** How long everything is left to itself in the end, minutes. */
const REST = 240;

/** A job as it really was; times in epoch ms. */
export interface DoneJob {
  readonly runId: string;
  readonly groupId: string;
  readonly submittedAt: number;
  endedAt: number;
  hasSucceeded: boolean;
}

/** Everything that has happened. */
export interface Ending {
  readonly broken: readonly string[];
  /** How many runs have begun that wait for others. */
  readonly begun: number;
  readonly jobs: readonly DoneJob[];
  /** All runs that were ever seen, as they were seen last. */
  readonly ever: readonly Run[];
  readonly runs: readonly Run[];
  readonly unsound: readonly string[];
  readonly left: readonly string[];
}

/** Runs each job for as long as its group says, whichever process has submitted it. */
class Jobs implements ScheduleOperator {
  readonly operatorType = "jobs";
  readonly done: DoneJob[] = [];
  isWell = false;
  readonly #clock: VirtualClock;
  readonly #groups: readonly ModelGroup[];
  readonly #open = new Map<string, Promise<JobOutcome>>();

  constructor(clock: VirtualClock, groups: readonly ModelGroup[]) {
    this.#clock = clock;
    this.#groups = groups;
  }

  async submit({ runId, groupId, lowerBound }: OfflineJobRequest): Promise<{ jobId: string }> {
    if (this.#open.has(runId)) return { jobId: runId };
    const group = this.#groups[groupOf(groupId)]!;
    const lower = Number(lowerBound);
    const index = ((lower - START) / MINUTE - group.start) / group.period;
    const isFirst = !this.done.some((job) => job.runId === runId);
    const fails = isFirst && !this.isWell && group.fails(index);
    const intervals = group.touches(index).map((back) => {
      const from = lower - back * group.period * MINUTE;
      return { lower: from, upper: from + group.period * MINUTE };
    });
    const job: DoneJob = { runId, groupId, submittedAt: this.#clock.now(), endedAt: 0, hasSucceeded: false };
    this.done.push(job);
    const late = (this.#clock.now() - START) % MINUTE;
    const ended = new Promise<JobOutcome>((resolve) => {
      this.#clock.wakeAfter(group.minutesOf(index) * MINUTE - late, () => {
        job.endedAt = this.#clock.now();
        job.hasSucceeded = !fails;
        if (fails) this.#open.delete(runId);
        resolve(
          fails
            ? { state: "FAILED", error: { code: "JOB_FAILED", message: "no" } }
            : { state: "SUCCEEDED", touched: [{ intervals }] },
        );
      });
    });
    this.#open.set(runId, ended);
    return { jobId: runId };
  }

  async find(key: string): Promise<{ jobId: string } | undefined> {
    return this.#open.has(key) ? { jobId: key } : undefined;
  }

  wait(jobId: string): Promise<JobOutcome> {
    return this.#open.get(jobId) ?? Promise.resolve({ state: "FAILED", isRetryable: false });
  }

  async cancel(): Promise<void> {}
}

/** Has the library play a story, with laws that hold at each minute. */
export async function played({ groups, acts }: InterruptedStory): Promise<Ending> {
  const clock = new VirtualClock({ start: START });
  const store = new MemoryStore({ clock });
  const jobs = new Jobs(clock, groups);
  const budget = new Budget(1e9, 1e9);
  const judge = new Judge(groups);
  const ever = new Map<string, Run>();
  const names = groups.map((_, no) => `group-${no}`);
  let process: { readonly tidegate: Tidegate; readonly mortal: Mortal };

  const settle = async (): Promise<void> => {
    for (let calls = -1; calls !== budget.storeCalls; ) {
      calls = budget.storeCalls;
      for (let turn = 0; turn < 3; turn += 1) await clock.advance(0);
    }
  };
  const start = async (): Promise<void> => {
    const mortal = new Mortal(budget);
    const tidegate = createTidegate({
      store: mortal.store(store),
      clock: mortal.clock(clock),
      engines: [embeddedEngine()],
      operators: [mortal.guard(jobs)],
      watchdogEveryMs: NEVER_MS,
      reconcileEveryMs: 10 * MINUTE,
      backfillEveryMs: MINUTE,
      restateSettleMs: 5 * MINUTE,
      dispatcher: { drainMs: 0 },
    });
    process = { tidegate, mortal };
    await tidegate.start();
    await settle();
  };
  const replace = async (): Promise<void> => {
    process.mortal.kill();
    await start();
  };
  const look = async (now: number): Promise<Look> => {
    const schedules = await store.getSchedules(names);
    const runs = (await store.listRuns({}, { limit: 100_000 })).items;
    const backfills = await store.listBackfills({ states: ["RUNNING"] });
    for (const run of runs) ever.set(run.id, run);
    return { now, schedules, runs, rerunning: new Set(backfills.map(({ groupId }) => groupOf(groupId))) };
  };
  /** Does something that may be refused, by a process that may die of it. */
  const attempt = async (action: (client: ScheduleClient) => Promise<unknown>): Promise<void> => {
    const work = action(process.tidegate.client).catch((error: unknown) => {
      if (!isTidegateError(error)) throw error;
    });
    let isDone = false;
    const done = Promise.race([work, process.mortal.died]).finally(() => {
      isDone = true;
    });
    for (let turn = 0; turn < 50 && !isDone; turn += 1) await clock.advance(0);
    if (!isDone) judge.broken.push("a call was not answered");
    else await done;
    await settle();
  };
  const pass = async (now: number): Promise<void> => {
    await clock.advance(MINUTE);
    await settle();
    if (process.mortal.isDead) await replace();
    judge.look(await look(now));
  };

  const act = async ({ at, do: what, group: pick, n }: Act): Promise<void> => {
    const no = pick % groups.length;
    const group = groups[no]!;
    if (group.reports !== undefined) return;
    const groupId = names[no]!;
    const nth = async (states: readonly Run["state"][]): Promise<Run | undefined> => {
      const { items } = await store.listRuns({ groupId, states, includeSuperseded: false }, { limit: 1_000 });
      return items[n % items.length];
    };
    // Now and then before the ledger begins.
    const lower = START + (group.start + ((n % 12) - 3) * group.period) * MINUTE;
    switch (what) {
      case "retry": {
        const run = await nth(["FAILED", "CANCELLED"]);
        return run && attempt((client) => client.retryRun(run.id));
      }
      case "cancel": {
        const run = await nth(["PLANNED", "FAILED"]);
        return run && attempt((client) => client.cancelRun(run.id));
      }
      case "rerun":
        return attempt((client) => client.trigger(groupId, { lower, upper: lower + group.period * MINUTE }));
      case "backfill": {
        const select = n % 2 === 0 ? "all" : "incomplete";
        const to = lower + (1 + (n % 4)) * group.period * MINUTE;
        return attempt((client) => client.backfill({ groupId, from: lower, to, select }));
      }
      case "pause":
        return attempt((client) => client.pause(groupId));
      case "resume":
        return attempt((client) => client.resume(groupId));
      case "unregister":
      case "purge":
        judge.registered(at);
        return attempt((client) => client.unregister(groupId, { force: true, purge: what === "purge" }));
      case "register": {
        judge.registered(at);
        // Now and then from a later interval on.
        const start = group.start + (n % 3 === 0 ? n % 8 : 0) * group.period;
        return attempt((client) => client.register(scheduleOf({ ...group, start }, no)));
      }
      case "crash":
        return process.mortal.killAtWrite(1 + (n % 7), n % 2 === 0);
    }
  };

  await start();
  try {
    const { client } = process!.tidegate;
    for (const [no, { reports }] of groups.entries())
      if (reports !== undefined) await client.registerSource({ groupId: names[no]!, startTime: START });
    const infos = groups.flatMap((group, no) => (group.reports === undefined ? [scheduleOf(group, no)] : []));
    for (const result of await client.registerMany(infos)) if (!result.isRegistered) throw result.error;
    await settle();
    const rest = [...acts];
    for (let minute = 1; minute <= MEDDLING; minute += 1) {
      await pass(minute);
      while (rest[0]?.at === minute) {
        await act(rest.shift()!);
        if (process!.mortal.isDead) await replace();
      }
      for (const [no, { reports = [] }] of groups.entries())
        for (const { from, to, version } of reports.filter(({ at }) => at === minute)) {
          const range = { lower: START + from * MINUTE, upper: START + to * MINUTE };
          const report = { ...range, version: String(version) };
          await attempt((own) => own.reportCoverage(names[no]!, report));
          if (!process!.mortal.isDead) continue;
          await replace();
          await attempt((own) => own.reportCoverage(names[no]!, report));
        }
    }
    process!.mortal.killAtWrite(Number.POSITIVE_INFINITY, false);
    jobs.isWell = true;
    judge.registered(MEDDLING);
    for (const [no, group] of groups.entries()) {
      if (group.reports !== undefined) continue;
      const [schedule] = await store.getSchedules([names[no]!]);
      if (schedule?.status === "PAUSED") await attempt((own) => own.resume(names[no]!));
      else if (schedule === undefined || schedule.status === "DELETED")
        await attempt((own) => own.register(scheduleOf(group, no)));
    }
    for (let minute = MEDDLING + 1; minute <= MEDDLING + REST; minute += 1) {
      await pass(minute);
      for (const run of (await store.listRuns({ isBlocking: true }, { limit: 100 })).items)
        await attempt((own) => own.cancelRun(run.id));
    }
    const last = process!.tidegate.client;
    const unsound: string[] = [];
    for (const [no, { reports }] of groups.entries()) {
      // Time that nobody has reported is a gap.
      if (reports !== undefined) continue;
      const audit = await last.audit(names[no]!);
      if (!audit.isSound) unsound.push(`${names[no]}: ${JSON.stringify(audit)}`);
    }
    const { runs } = await look(MEDDLING + REST);
    const left = runs.filter(({ state }) => OPEN_STATES.includes(state)).map(({ id }) => id);
    return {
      broken: judge.broken,
      begun: judge.begun,
      jobs: jobs.done,
      ever: [...ever.values()],
      runs,
      unsound,
      left,
    };
  } finally {
    process!.mortal.kill();
  }
}
