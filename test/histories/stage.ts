import {
  type BackfillPlan,
  type BackfillSelect,
  createTidegate,
  type Interval,
  isTidegateError,
  type Run,
  type Tidegate,
  type TroubleEvent,
} from "@tidegate/core";
import type { ScheduleOperator } from "@tidegate/core/operator";
import type { ScheduleStore } from "@tidegate/core/store";
import { VirtualClock } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { type JobRecord, jobRecorder } from "@tidegate/testkit/recorder";
import { Cluster } from "./cluster.js";
import {
  BrokenLaw,
  demand,
  GROUP,
  type Intents,
  noIntents,
  type Snapshot,
  type StageStore,
} from "./evidence.js";
import { type History, POOL, type Policies, type Step } from "./history.js";
import { Budget, Mortal } from "./mortal.js";
import { scheduleInfo } from "./schedule-info.js";
import { type ModelGrid, T0, TRIGGERS } from "./triggers.js";

/** Everything around one group: the clock, the service that runs its jobs, the process that schedules them, a recorder. */
export class Stage {
  readonly clock: VirtualClock;
  readonly cluster: Cluster;
  readonly records: JobRecord[] = [];
  readonly troubles: TroubleEvent[] = [];
  readonly unitMs: number;
  readonly budget: Budget;
  intents: Intents;
  policies: Policies;
  /** A person has paused the schedule, and has been told so. */
  isPaused = false;
  /** Nothing waits for gates any more. */
  areGatesLifted = false;
  /** Runs that were active then: they come to their end. */
  activeAtPause: ReadonlySet<string> = new Set();
  /** The grids of all versions of this ledger's schedule, by version. */
  readonly grids = new Map<number, ModelGrid>();
  #store: ScheduleStore;
  readonly #place: StageStore;
  #process: { readonly tidegate: Tidegate; readonly mortal: Mortal } | undefined;
  #processes = 0;
  #backfills = 0;
  /** The first record of this ledger: those before it are of one that was purged. */
  #firstRecord = 0;

  constructor({ policies, jobs }: History, place: StageStore) {
    this.unitMs = TRIGGERS[policies.trigger].unitMs;
    this.clock = new VirtualClock({ start: T0, turns: place.turns });
    this.cluster = new Cluster(this.clock, jobs, this.unitMs / 10);
    this.#place = place;
    this.#store = place.store;
    this.policies = policies;
    this.intents = noIntents(policies);
    // Passes over everything come four times in an interval; leases and back-off add about as many. Some policies look
    // again each minute, and read the store for that.
    const units = 60;
    const minutes = (units * this.unitMs) / 60_000;
    this.budget = new Budget(4_000 + units * 60 + 2 * minutes, 60_000 + 3 * minutes);
  }

  /** An instant, from tenths of an interval after the beginning. */
  at(tenths: number): number {
    return T0 + Math.round((tenths * this.unitMs) / 10);
  }

  /** The records of this ledger's jobs. */
  get ledgerRecords(): JobRecord[] {
    const isOurs = ({ jobId }: JobRecord, position: number): boolean =>
      jobId === undefined ? position >= this.#firstRecord : jobId.startsWith(`${this.cluster.epoch}/`);
    return this.records.filter(isOurs);
  }

  /** Whether each run of a version of the schedule has copied everything. */
  get makesFullCopies(): boolean {
    return this.intents.settings.some(({ mode }) => mode === "full");
  }

  /** Whether a version of the schedule has made copies. */
  get makesCopies(): boolean {
    return this.intents.settings.some(({ mode }) => mode === "full-then-incremental");
  }

  get tidegate(): Tidegate {
    if (this.#process === undefined) throw new Error("No process runs.");
    return this.#process.tidegate;
  }

  get isUp(): boolean {
    return this.#process !== undefined;
  }

  async start(): Promise<void> {
    const mortal = new Mortal(this.budget);
    const clock = mortal.clock(this.clock);
    this.#processes += 1;
    const operator = jobRecorder(mortal.guard(this.cluster), (record) => this.records.push(record), {
      clock: this.clock,
      writer: `p${this.#processes}`,
    });
    const tidegate = createTidegate({
      store: mortal.store(this.#store),
      engines: [embeddedEngine()],
      operators: [mortal.guard(operator)],
      clock,
      owner: `p${this.#processes}`,
      dispatcher: { leaseMs: this.unitMs / 2, drainMs: this.unitMs / 5 },
      watchdogEveryMs: this.unitMs / 2,
      reconcileEveryMs: this.unitMs / 2,
      backfillEveryMs: this.unitMs / 2,
    });
    tidegate.events.on("trouble", (trouble) => this.troubles.push(trouble));
    this.#process = { tidegate, mortal };
    await this.#answered("start", tidegate.start());
    await this.#answered("setPool", tidegate.client.setPool(POOL));
    await this.settle();
  }

  async register(policies: Policies): Promise<void> {
    await this.#call(
      "register",
      () => this.tidegate.client.register(scheduleInfo(policies, this.unitMs)),
      () => this.#hasNow(policies),
    );
  }

  /** Until nobody asks the store for anything any more: a chain of runs may be longer than a few turns of the event loop. */
  async settle(): Promise<void> {
    for (let calls = -1; calls !== this.budget.storeCalls && !this.budget.isSpent; ) {
      calls = this.budget.storeCalls;
      for (let turn = 0; turn < 3; turn += 1) await this.clock.settle();
    }
    this.#requireRest();
  }

  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await this.settle();
  }

  async snapshot(): Promise<Snapshot | undefined> {
    const [schedule] = await this.#store.getSchedules([GROUP]);
    if (schedule === undefined) return undefined;
    const { items: runs } = await this.#store.listRuns({ groupId: GROUP }, { limit: 1_000 });
    const audit = await this.tidegate.client.audit(GROUP);
    return { now: this.clock.now(), schedule, runs, audit };
  }

  /** A person has everything run that waits for a time or for earlier intervals. */
  async liftGates(): Promise<void> {
    const { dependsOnPast, notBefore } = { dependsOnPast: false, notBefore: 0 } as const;
    await this.#update({ ...this.policies, dependsOnPast, notBefore }, true);
    this.areGatesLifted = this.policies.notBefore === 0 && this.policies.dependsOnPast === false;
  }

  retry(id: string, version: "planned" | "latest"): Promise<void> {
    return this.#call("retryRun", () => this.tidegate.client.retryRun(id, { version }));
  }

  async isNowPaused(): Promise<boolean> {
    const [schedule] = await this.#store.getSchedules([GROUP]);
    return schedule?.status === "PAUSED";
  }

  /** Copies everything once more up to the end of the newest interval: older copies are not made behind increments. */
  async copyAgain(): Promise<void> {
    const page = { groupId: GROUP, order: "descending", includeSuperseded: false } as const;
    const { items } = await this.#store.listRuns(page, { limit: 2 });
    const newest = items.find(({ lower, upper }) => lower < upper);
    if (newest === undefined) return;
    const { lower, upper } = newest;
    await this.#call("trigger", () => this.tidegate.client.trigger(GROUP, { lower, upper }));
  }

  /** Cancels a run if it has failed. */
  async cancelFailed(id: string): Promise<void> {
    const [run] = await this.#store.getRuns([id]);
    if (run?.state !== "FAILED") return;
    this.intents.cancelledRuns.add(id);
    await this.#call("cancelRun", () => this.tidegate.client.cancelRun(id));
  }

  /** Runs a range again to the end. @returns what the plan said, and the backfill's id */
  async backfill(
    range: Interval,
    select: BackfillSelect,
    rest: number,
  ): Promise<(BackfillPlan & { id: string }) | undefined> {
    this.#backfills += 1;
    const id = `backfill-${this.#backfills}`;
    if (select === "all") this.intents.backfills.add(id);
    const { client } = this.tidegate;
    const request = { id, groupId: GROUP, from: range.lower, to: range.upper, select, concurrency: 2 };
    const plan = await client.backfill(request).catch((error: unknown) => {
      // All of it is behind a copy.
      if (isTidegateError(error) && this.makesCopies) return undefined;
      throw error;
    });
    if (plan === undefined) return undefined;
    await this.pass(rest);
    const { state } = (await client.getBackfill(id)) ?? { state: "unknown" };
    if (state !== "DONE") throw new BrokenLaw("backfill-ends", `${select} is ${state}`);
    return { ...plan, id };
  }

  /** Asks the operator once more about all jobs whose end nobody has asked for. */
  async askOnceMore(): Promise<void> {
    const operator: ScheduleOperator = jobRecorder(this.cluster, (record) => this.records.push(record), {
      clock: this.clock,
      writer: "judge",
    });
    for (const { request, key } of this.cluster.jobs) await operator.find(key, request);
  }

  async play(step: Step): Promise<void> {
    switch (step.do) {
      case "pass":
        return this.pass((step.for * this.unitMs) / 10);
      case "jump":
        this.clock.set(this.clock.now() + (step.for * this.unitMs) / 10);
        return this.settle();
      case "crash":
        return this.#crash(step);
      case "restart":
        await this.#stop();
        await this.pass((step.after * this.unitMs) / 10);
        return this.start();
      case "register":
        return this.register({ ...this.policies, ...step.set });
      case "update":
        return this.#update({ ...this.policies, ...step.set }, step.adopts === true);
      case "unregister":
        this.intents.hasUnregistered = true;
        this.isPaused = false;
        return this.#call(step.do, () => this.tidegate.client.unregister(GROUP));
      case "purge":
        this.intents.hasUnregistered = true;
        this.isPaused = false;
        return this.#call(
          step.do,
          () => this.tidegate.client.unregister(GROUP, { purge: true }),
          () => this.#forgetLedger(),
        );
      default:
        return this.#act(step);
    }
  }

  async #act(step: Step): Promise<void> {
    const { client } = this.tidegate;
    switch (step.do) {
      case "pause":
        return this.#call(
          step.do,
          () => client.pause(GROUP, "a person"),
          () => this.#hasPaused(),
        );
      case "resume":
        this.isPaused = false;
        return this.#call(step.do, () => client.resume(GROUP));
      case "cancelRun": {
        const run = await this.#nth(["PLANNED", "SUBMITTING", "RUNNING", "FAILED"], step.nth);
        if (run === undefined) return;
        this.intents.cancelledRuns.add(run.id);
        return this.#call(step.do, () => client.cancelRun(run.id));
      }
      case "retryRun": {
        const run = await this.#nth(["FAILED", "CANCELLED"], step.nth);
        if (run === undefined) return;
        const version = step.latest === true ? "latest" : "planned";
        return this.#call(step.do, () => client.retryRun(run.id, { version }));
      }
      case "trigger":
        return this.#call(step.do, () => client.trigger(GROUP));
      case "resnapshot":
        return this.#call(step.do, () => client.resnapshot(GROUP));
      case "rerun": {
        const interval = { lower: this.at(step.from), upper: this.at(step.to) };
        return this.#call(step.do, () => client.trigger(GROUP, interval));
      }
      case "backfill": {
        const { select, concurrency } = step;
        this.#backfills += 1;
        const id = `backfill-${this.#backfills}`;
        const bounds = { from: this.at(step.from), to: this.at(step.to) };
        return this.#call(
          step.do,
          () => client.backfill({ id, groupId: GROUP, ...bounds, select, concurrency }),
          () => {
            if (select === "all") this.intents.backfills.add(id);
          },
        );
      }
      case "cancelBackfill":
        return this.#call(step.do, () => client.cancelBackfill(`backfill-${this.#backfills}`));
    }
  }

  async #hasPaused(): Promise<void> {
    const { items } = await this.#store.listRuns(
      { groupId: GROUP, states: ["SUBMITTING", "RUNNING"] },
      { limit: 1_000 },
    );
    this.activeAtPause = new Set(items.map(({ id }) => id));
    this.isPaused = true;
  }

  async #update(policies: Policies, adopts: boolean): Promise<void> {
    const [before] = await this.#store.getSchedules([GROUP]);
    if (before === undefined) return;
    const { client } = this.tidegate;
    await this.#call(
      "update",
      () =>
        client.update(scheduleInfo(policies, this.unitMs), {
          version: before.version,
          plannedRuns: adopts ? "adopt" : "keep",
        }),
      () => this.#hasNow(policies),
    );
  }

  async #crash({ writes, isWritten, within, after }: Step & { readonly do: "crash" }): Promise<void> {
    const { mortal } = this.#process!;
    mortal.killAtWrite(writes, isWritten);
    await this.pass((within * this.unitMs) / 10);
    mortal.kill();
    this.#process = undefined;
    await this.pass((after * this.unitMs) / 10);
    this.#store = await this.#place.reopen(false);
    await this.start();
  }

  async #stop(): Promise<void> {
    const { tidegate, mortal } = this.#process!;
    await this.#answered("stop", tidegate.stop());
    mortal.kill();
    this.#process = undefined;
    this.#store = await this.#place.reopen(true);
  }

  /** Does something that the product may refuse, but only in words of its own. */
  async #call<T>(
    name: string,
    action: () => Promise<T>,
    onDone: (answer: T) => void | Promise<void> = () => undefined,
  ): Promise<void> {
    const work = action().then(onDone, (error: unknown) => {
      if (isTidegateError(error)) return;
      throw new BrokenLaw(
        "typed-errors",
        `${name} threw ${error instanceof Error ? error.stack : String(error)}`,
      );
    });
    await this.#answered(name, work);
    await this.settle();
  }

  /** Waits for an answer; time passes where it takes some. */
  async #answered(name: string, work: Promise<unknown>): Promise<void> {
    let isDone = false;
    const watched = work.finally(() => {
      isDone = true;
    });
    watched.catch(() => undefined);
    for (let turn = 0; turn < 20 && !isDone; turn += 1) await this.clock.settle();
    for (let tenths = 0; tenths < 20 && !isDone; tenths += 1) {
      this.#requireRest();
      await this.clock.advance(this.unitMs / 10);
    }
    if (!isDone) throw new BrokenLaw("answers", `${name} was not answered within two intervals`);
    await watched;
  }

  #requireRest(): void {
    const { timers, storeCalls } = this.budget;
    if (this.budget.isSpent)
      throw new BrokenLaw("rest", `${timers} timers and ${storeCalls} calls of the store`);
  }

  async #nth(states: readonly Run["state"][], nth: number): Promise<Run | undefined> {
    const { items } = await this.#store.listRuns({ groupId: GROUP, states }, { limit: 1_000 });
    return items[nth % items.length];
  }

  /** A version of the schedule is in force. */
  async #hasNow(policies: Policies): Promise<void> {
    this.policies = policies;
    this.intents.settings.push(policies);
    const { trigger, start, span } = policies;
    const [schedule] = await this.#store.getSchedules([GROUP]);
    const endTime =
      trigger === "once" ? TRIGGERS.once.spec.at : span === 0 ? undefined : this.at(start + span);
    if (schedule === undefined) return;
    this.grids.set(schedule.version, { trigger, startTime: schedule.spec.startTime, endTime });
    if (schedule.status !== "PAUSED") this.isPaused = false;
  }

  #forgetLedger(): void {
    const left = this.cluster.jobs.filter(({ outcome }) => outcome === undefined);
    demand(left.length === 0, "purged-without-jobs", () => left.map(({ jobId }) => jobId).join());
    this.cluster.epoch += 1;
    this.#firstRecord = this.records.length;
    this.intents = noIntents(this.policies);
    this.grids.clear();
    this.isPaused = false;
  }
}
