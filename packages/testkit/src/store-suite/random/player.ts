import type { EpochMs, Run, RunState, Schedule } from "@tidegate/core";
import {
  type ClaimedRun,
  gatingOf,
  isEnded,
  isUncovered,
  type RunChange,
  type ScheduleStore,
} from "@tidegate/core/store";
import { aBackfill, aNewSchedule, aPlan, aRun, MINUTE, START } from "../../builders.js";
import { allRuns, change, ending, LEASE, OPERATORS, scheduleOf } from "../conduct.js";
import { GROUPS, type Operation, type OperationOf } from "./operation.js";

/** Length of the backfills, which lie before the ledgers, minutes. */
const BACKFILL_MINUTES = 60;

/** The gates of a schedule that has any. */
const GATES = { door: {} };

/** One keeps the order of its intervals, one does not; of both, runs go through gates until an update. */
const SPECS = [
  { groupId: GROUPS[0], gates: GATES },
  { groupId: GROUPS[1], gates: GATES, overlap: "allow" },
] as const;

/**
 * Plays a random history on a store: as one manager, one person, one gatekeeper and one backfiller, who act correctly but may
 * be late or hold outdated claims. The result of an operation contains everything that the store returned,
 * except its tokens.
 */
export class Player {
  readonly store: ScheduleStore;
  /** All claims so far, including outdated ones. */
  readonly claims: ClaimedRun[] = [];
  /** Width of each lane. */
  readonly laneWidths = new Map<string, number>();
  /** Runs that a later plan has covered. */
  readonly covered = new Set<string>();
  now: EpochMs = START + 1_000 * MINUTE;

  constructor(store: ScheduleStore) {
    this.store = store;
  }

  /** Registers the groups. */
  async begin(): Promise<void> {
    for (const [index, groupId] of GROUPS.entries()) {
      this.laneWidths.set(groupId, index + 1);
      await this.store.insertSchedules([aNewSchedule({ spec: SPECS[index]!, laneWidth: index + 1 })]);
      const lower = START - BACKFILL_MINUTES * MINUTE;
      await this.store.insertBackfill(
        aBackfill({ id: groupId, groupId, lower, upper: START, createdAt: index }),
      );
    }
  }

  /** Returns the store's answer, in a form that can be compared between stores. */
  async play(operation: Operation): Promise<unknown> {
    switch (operation.type) {
      case "plan":
        return this.#plan(operation);
      case "claim":
        return this.#claim(operation);
      case "end":
        return this.#end(operation);
      case "start":
        return this.#start(operation);
      case "postpone":
        return this.#postpone(operation);
      case "renew":
        return this.#renew(operation);
      case "requestCancel":
        return this.#requestCancel(operation);
      case "cancel":
        return this.#cancel(operation);
      case "retry":
        return this.#retry(operation);
      case "rerun":
        return this.#rerun(operation);
      case "settle":
        return this.#settle(operation);
      case "backfill":
        return this.#backfill(operation);
      default:
        return this.#changeSchedule(operation);
    }
  }

  /** Returns the newest claim of a run. */
  newestClaim(id: string): ClaimedRun | undefined {
    return this.claims.findLast(({ run }) => run.id === id);
  }

  async #plan({ group, count, minutes, skipsFirst, covers, isStale }: OperationOf<"plan">): Promise<unknown> {
    const schedule = await this.#schedule(group);
    const { spec, watermark } = schedule;
    const { groupId } = spec;
    const seen = isStale ? watermark - MINUTE : watermark;
    const supersedes = covers ? await allRuns(this.store, { groupId, isUncovered: true }) : [];
    const newest = supersedes.at(-1);
    const isExtended = count > 0 && newest?.upper === seen;
    const length = minutes * MINUTE;
    const runs = Array.from({ length: count }, (_, index) =>
      aRun({
        groupId,
        lower: isExtended && index === 0 ? newest.lower : seen + index * length,
        upper: seen + (index + 1) * length,
        intervals: minutes,
        scheduleVersion: schedule.version,
        gating: gatingOf(schedule.spec),
        ...(skipsFirst && index === 0 ? { state: "SKIPPED", reason: "catchup-dropped" } : {}),
      }),
    );
    const again = (isExtended ? supersedes.slice(0, -1) : supersedes).map(
      ({ lower, upper, intervals, generation }) =>
        aRun({ groupId, lower, upper, intervals, generation: generation + 1, plannedAt: this.now }),
    );
    const newWatermark = seen + count * length;
    const commit = aPlan(
      { ...schedule, watermark: seen },
      {
        newWatermark,
        nextFireAt: newWatermark + MINUTE,
        runs: [...again, ...runs],
        supersedes: supersedes.map(({ id }) => id),
      },
    );
    const done = await this.store.plan([commit]);
    if (done[0]) for (const { id } of supersedes) this.covered.add(id);
    return done;
  }

  async #claim({ limit, leases }: OperationOf<"claim">): Promise<unknown> {
    this.now += leases * LEASE;
    const leaseUntil = this.now + LEASE;
    const claimed = await this.store.claim({
      owner: "first",
      operators: OPERATORS,
      now: this.now,
      leaseUntil,
      limit,
    });
    this.claims.push(...claimed);
    return claimed.map(({ run, isRecovered }) => ({ run, isRecovered }));
  }

  async #end({ claim, state, isBlocking, isOverlap }: OperationOf<"end">): Promise<unknown> {
    const claimed = this.#chooseClaim(claim);
    if (claimed === undefined) return "nothing claimed";
    if (state === "SUCCEEDED" && claim % 2 === 0) return this.#succeed(claimed, this.#plainSuccess(claimed));
    const metrics = { rowsRead: claim, rowsWritten: 1 };
    const isOwn = claimed.run.kind === "SCHEDULED" && state === "CANCELLED" && isOverlap;
    const details = {
      at: this.now,
      isBlocking: isBlocking && (state === "FAILED" || isOwn),
      endedAt: this.now,
      metrics,
    };
    if (state === "SUCCEEDED") {
      const job = { isJobOpen: false, startedAt: this.now, jobId: "j-1", jobAddress: null, error: null };
      return this.#succeed(
        claimed,
        ending(claimed, state, { ...job, at: this.now, endedAt: this.now, metrics }),
      );
    }
    const reason = isOwn ? "overlap-cancelled" : "cancelled";
    return this.store.changeRuns([{ ...ending(claimed, state, details), reason }]);
  }

  /** Returns the end of most runs: the job has ended, and tells nothing. */
  #plainSuccess(claimed: ClaimedRun): RunChange {
    const job = { isJobOpen: false, jobId: claimed.run.id, jobAddress: null, metrics: null, error: null };
    return ending(claimed, "SUCCEEDED", { ...job, at: this.now, startedAt: this.now, endedAt: this.now });
  }

  /** As a dispatcher does: with `endRuns`, if the store has it. */
  async #succeed({ run }: ClaimedRun, change: RunChange): Promise<boolean[]> {
    if (this.store.endRuns === undefined) return this.store.changeRuns([change]);
    const effects = await this.store.endRuns([{ run, change }]);
    return effects.map((effect) => effect !== undefined);
  }

  async #start({ claim }: OperationOf<"start">): Promise<unknown> {
    const claimed = this.#chooseClaim(claim);
    if (claimed === undefined) return "nothing claimed";
    const { run, token } = claimed;
    return this.store.changeRuns([
      {
        id: run.id,
        from: ["SUBMITTING"],
        token,
        state: "RUNNING",
        at: this.now,
        startedAt: this.now,
        jobId: run.id,
      },
    ]);
  }

  async #postpone({ claim, leases }: OperationOf<"postpone">): Promise<unknown> {
    const claimed = this.#chooseClaim(claim);
    if (claimed === undefined) return "nothing claimed";
    const { run, token } = claimed;
    const error = { code: "JOB_FAILED", message: `attempt ${run.attempt}` };
    const { attempt, submittedAt, jobId } = run;
    return this.store.changeRuns([
      {
        id: run.id,
        from: ["SUBMITTING", "RUNNING"],
        token,
        state: "PLANNED",
        at: this.now,
        place: "ready",
        readyAt: this.now + leases * LEASE,
        wait: { reason: "retry", since: this.now },
        error,
        attemptRecord: { attempt, submittedAt, endedAt: this.now, jobId, error },
      },
    ]);
  }

  async #renew({ claims, leases }: OperationOf<"renew">): Promise<unknown> {
    const chosen = claims.map((claim) => this.#chooseClaim(claim)).filter((claimed) => claimed !== undefined);
    const held = chosen.map(({ run, token }) => ({ id: run.id, token }));
    return this.store.renewLeases(held, this.now + leases * LEASE);
  }

  async #requestCancel({ run }: OperationOf<"requestCancel">): Promise<unknown> {
    const chosen = await this.#chooseRun(run, ["PLANNED", "SUBMITTING", "RUNNING"]);
    return chosen && this.store.requestCancel([chosen.id], "cancelled");
  }

  async #cancel({ run, isOverlap }: OperationOf<"cancel">): Promise<unknown> {
    const chosen = await this.#chooseRun(run, ["PLANNED"]);
    if (chosen === undefined) return "nothing planned";
    const { id } = chosen;
    const own = Number.parseInt(id.slice(-1), 16) % 2 === 0 ? "overlap-cancelled" : "source-expired";
    const reason = isOverlap && chosen.kind === "SCHEDULED" ? own : "cancelled";
    return this.store.changeRuns([
      { id, from: ["PLANNED"], state: "CANCELLED", at: this.now, reason, endedAt: this.now },
    ]);
  }

  async #retry({ run }: OperationOf<"retry">): Promise<unknown> {
    const chosen = await this.#chooseRun(run, ["FAILED", "CANCELLED"]);
    if (chosen === undefined || chosen.isSuperseded) return "another stands for it";
    const from = ["FAILED", "CANCELLED"] as const;
    return this.store.changeRuns([
      { id: chosen.id, from, state: "PLANNED", at: this.now, attempt: 0, reason: null, endedAt: null },
    ]);
  }

  async #rerun({ run }: OperationOf<"rerun">): Promise<unknown> {
    const chosen = await this.#chooseRun(run, ["SUCCEEDED", "FAILED", "CANCELLED", "SKIPPED"]);
    if (chosen === undefined || this.covered.has(chosen.id) || isUncovered(chosen))
      return "nothing to run again";
    const { groupId, lower, upper, intervals } = chosen;
    const runs = await allRuns(this.store, { groupId, within: { lower, upper } });
    const same = runs.filter((other) => other.lower === lower && other.upper === upper);
    if (same.some(({ state }) => !isEnded(state))) return "under way";
    const generation = Math.max(...same.map((other) => other.generation)) + 1;
    const gating = gatingOf((await scheduleOf(this.store, groupId)).spec);
    return this.store.insertRuns([
      aRun({ groupId, kind: "MANUAL", lower, upper, intervals, generation, gating, plannedAt: this.now }),
    ]);
  }

  async #settle({ run, answer, leases, wokenBy, isStale }: OperationOf<"settle">): Promise<unknown> {
    const due = await this.store.listGated({ now: this.now, limit: 20 });
    const chosen = due.at(run % due.length);
    if (chosen === undefined) return "nothing due";
    const { id, wait: before } = chosen.run;
    const common = { id, look: isStale ? chosen.look - 1 : chosen.look, at: this.now };
    const lookAt = this.now + leases * LEASE;
    const wakers = wokenBy === null ? {} : { wokenBy: [GROUPS[wokenBy]!] };
    const wait = { reason: "closed", since: before?.since ?? this.now, lookAgainAt: lookAt, ...wakers };
    const failure = { error: { code: "TOO_LATE", message: "nobody came" }, isBlocking: leases < 1 };
    const settlements = {
      open: { ...common, isOpen: true },
      closed: { ...common, isOpen: false, wait, lookAt },
      failed: { ...common, isOpen: false, failure },
    } as const;
    const settled = await this.store.settleGates([settlements[answer]]);
    return { settled, due: due.map((one) => ({ run: one.run, lookAt: one.lookAt })) };
  }

  async #backfill({ group, count }: OperationOf<"backfill">): Promise<unknown> {
    const groupId = GROUPS[group]!;
    const backfill = await this.store.getBackfill(groupId);
    if (backfill === undefined) return "no backfill";
    const { cursor, upper } = backfill;
    const gating = gatingOf((await this.#schedule(group)).spec);
    const newCursor = Math.min(upper, cursor + count * MINUTE);
    const runs = [];
    for (let lower = cursor; lower < newCursor; lower += MINUTE) {
      runs.push(aRun({ groupId, kind: "BACKFILL", backfillId: groupId, lower, gating, plannedAt: this.now }));
    }
    const state = cursor === upper ? "DONE" : "RUNNING";
    return this.store.planBackfill({ id: groupId, cursor, newCursor, state, updatedAt: this.now, runs });
  }

  async #changeSchedule(
    operation: OperationOf<"resize" | "update" | "setStatus" | "cancelPlanned" | "reviveCancelled">,
  ): Promise<unknown> {
    const { spec } = await this.#schedule(operation.group);
    const { groupId } = spec;
    switch (operation.type) {
      case "resize":
        this.laneWidths.set(groupId, operation.width);
        return change(this.store, { laneWidth: operation.width, updatedAt: this.now }, groupId);
      case "update": {
        const next = {
          spec: { ...spec, delayMs: operation.delayMs, gates: operation.isGated ? GATES : {} },
          tzdata: "2026a",
        };
        const { adoptsPlanned } = operation;
        return change(this.store, { spec: next, adoptsPlanned, updatedAt: this.now }, groupId);
      }
      case "setStatus":
        return change(this.store, { status: operation.status, updatedAt: this.now }, groupId);
      case "cancelPlanned":
        return change(this.store, { cancelPlanned: "unregistered", updatedAt: this.now }, groupId);
      case "reviveCancelled": {
        const from = START + operation.minute * MINUTE;
        const revivesCancelled = { reason: "unregistered", from } as const;
        return change(this.store, { revivesCancelled, updatedAt: this.now }, groupId);
      }
    }
  }

  #schedule(group: number): Promise<Schedule> {
    return scheduleOf(this.store, GROUPS[group]!);
  }

  #chooseClaim(choice: number): ClaimedRun | undefined {
    return this.claims.at(-1 - (choice % this.claims.length));
  }

  async #chooseRun(choice: number, states: readonly RunState[]): Promise<Run | undefined> {
    const runs = await allRuns(this.store, { states });
    return runs.at(-1 - (choice % runs.length));
  }
}
