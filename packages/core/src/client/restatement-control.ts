import { hash } from "node:crypto";
import type { Clock, EpochMs } from "../clock/clock.js";
import { LedgerError } from "../errors/errors.js";
import type { Interval } from "../interval/boundaries.js";
import { runKindSchema } from "../job/schema.js";
import { type LedgerCuts, ledgerCutsOf } from "../planning/ledger-cuts.js";
import { type Backfill, RESTATEMENT } from "../run/backfill.js";
import type { Instant } from "../schedule/instant.js";
import type { Schedule } from "../schedule/schedule.js";
import { requireReadable } from "../schedule/stored-spec.js";
import { eachRun } from "../store/each-run.js";
import { newestSnapshot } from "../store/newest-snapshot.js";
import type { ScheduleStore } from "../store/schedule-store.js";
import type { BackfillControl } from "./backfill-control.js";
import { checkNote, instantOf, invalidInput } from "./ledger-input.js";
import { type KnownGroups, type Reach, type RestatementScope, reachOf } from "./restatement-plan.js";
import type { ScheduleChanges } from "./schedule-changes.js";
import type { Seals } from "./seals.js";

/** A request to run time of a group again, and what follows from it. */
export interface RestatementRequest {
  readonly groupId: string;
  /** Inclusive: epoch ms, a `Date` or ISO 8601 with an offset. Widened to whole intervals. */
  readonly from: Instant;
  /** Exclusive, same formats. What is not over yet is left to the live schedule. */
  readonly to: Instant;
  /** Whether the groups that depend on it are run again as well, directly or not. @default "none" */
  readonly cascade?: "none" | "downstream";
  /** Ids of groups at which the cascade stops. @default none */
  readonly except?: readonly string[];
  /** Why, for people, at most 2,000 characters. @default "" */
  readonly note?: string;
  /** Runs sealed time again as well. @default false */
  readonly force?: boolean;
}

/** The effect that a restatement would have. */
export interface RestatementPlan extends Reach {
  /** Names the request and the ledgers as they were: `applyRestatement` takes it. */
  readonly planId: string;
  /** Runs of all groups. */
  readonly runs: number;
}

/** A restatement that has begun. */
export interface Restatement {
  readonly planId: string;
  /** One for each stretch of time of each group, the nearest group first. */
  readonly backfills: readonly Backfill[];
}

/** Dependencies of `RestatementControl`. */
export interface RestatementControlParts {
  readonly store: ScheduleStore;
  readonly clock: Clock;
  readonly changes: ScheduleChanges;
  readonly backfills: BackfillControl;
  readonly seals: Seals;
}

const HASH_DIGITS = 24;

/** Kinds of runs beside the live lane. */
const BESIDE = runKindSchema.options.filter((kind) => kind !== "SCHEDULED");

/** States of runs that have not simply succeeded. */
const OTHER_STATES = ["PLANNED", "SUBMITTING", "RUNNING", "FAILED", "CANCELLED", "SKIPPED"] as const;

/** A request as a plan's id carries it. */
interface Meant {
  readonly groupId: string;
  readonly lower: number;
  readonly upper: number;
  readonly cascade: "none" | "downstream";
  readonly except: readonly string[];
  readonly note: string;
  readonly force: boolean;
}

/** Plans restatements, and begins those whose ledgers have not moved since. */
export class RestatementControl {
  readonly #parts: RestatementControlParts;

  constructor(parts: RestatementControlParts) {
    this.#parts = parts;
  }

  async plan(request: RestatementRequest): Promise<RestatementPlan> {
    return (await this.#plan(meantBy(request), this.#parts.clock.now())).plan;
  }

  async apply(planId: string): Promise<Restatement> {
    const { store, backfills } = this.#parts;
    const meant = requestIn(planId);
    const { plan, schedules } = await this.#plan(meant, this.#parts.clock.now());
    const [first] = stretchesOf(planId, plan);
    // Begun before, perhaps by a manager that died: its own first runs have moved the ledgers.
    const before = first && (await store.getBackfill(first.id));
    if (before === undefined && plan.planId !== planId) {
      throw new LedgerError(
        "PLAN_OUTDATED",
        "planId: a ledger or a schedule of the plan has changed since it was made; plan again.",
        { field: "planId" },
      );
    }
    // Time that has ended since the first call was never part of the plan.
    const then = before === undefined ? plan : (await this.#plan(meant, before.createdAt)).plan;
    const begun: Backfill[] = [];
    for (const { id, groupId, interval } of stretchesOf(planId, then)) {
      const request = { id, groupId, from: interval.lower, to: interval.upper };
      const { backfill } = await backfills.plan(schedules.get(groupId)!, {
        ...request,
        select: "all",
        force: meant.force,
      });
      if (backfill !== undefined) begun.push(backfill);
    }
    return { planId, backfills: begun };
  }

  /** @param now - what is not over by then is left to the live schedules, epoch ms */
  async #plan(
    meant: Meant,
    now: EpochMs,
  ): Promise<{
    readonly plan: RestatementPlan;
    readonly schedules: ReadonlyMap<string, Schedule>;
  }> {
    const { changes, seals } = this.#parts;
    const { groupId, lower, upper, cascade, except, force } = meant;
    const root = await changes.get(groupId);
    requireReadable(root);
    const isCascading = cascade === "downstream";
    const alone = { schedules: new Map([[groupId, root]]), dependents: new Map() };
    const groups = isCascading ? await this.#downstreamOf(root) : alone;
    const known: KnownGroups = {
      ...groups,
      cuts: await this.#cutsOf(groups.schedules),
      copiedUpTo: await this.#copiedUpTo([...groups.schedules.keys()]),
    };
    const scope: RestatementScope = {
      groupId,
      range: { lower, upper },
      isCascading,
      except: new Set(except),
    };
    const reach = reachOf(scope, known, now);
    for (const { groupId: id, intervals } of reach.groups)
      await seals.refuse(known.schedules.get(id)!, intervals, "from", { force });
    const runs = reach.groups.reduce((sum, group) => sum + group.runs, 0);
    const state = await this.#stateOf(reach, known.schedules);
    const planId = `${Buffer.from(JSON.stringify(meant)).toString("base64url")}.${state}`;
    return { plan: { planId, ...reach, runs }, schedules: known.schedules };
  }

  async #cutsOf(schedules: ReadonlyMap<string, Schedule>): Promise<ReadonlyMap<string, LedgerCuts>> {
    const cuts = new Map<string, LedgerCuts>();
    for (const [groupId, schedule] of schedules)
      cuts.set(groupId, await ledgerCutsOf(this.#parts.store, schedule));
    return cuts;
  }

  async #copiedUpTo(groupIds: readonly string[]): Promise<ReadonlyMap<string, EpochMs>> {
    const ends = new Map<string, EpochMs>();
    for (const groupId of groupIds) {
      const snapshot = await newestSnapshot(this.#parts.store, groupId);
      if (snapshot !== undefined) ends.set(groupId, snapshot.upper);
    }
    return ends;
  }

  /** Reads the groups that depend on one, directly or not, level by level. */
  async #downstreamOf(root: Schedule): Promise<Omit<KnownGroups, "copiedUpTo" | "cuts">> {
    const { store } = this.#parts;
    const schedules = new Map<string, Schedule>([[root.spec.groupId, root]]);
    const dependents = new Map<string, readonly string[]>();
    let level = [root.spec.groupId];
    while (level.length > 0) {
      const found = await store.dependentsOf(level);
      for (const [n, ids] of found.entries()) dependents.set(level[n]!, ids);
      const fresh = [...new Set(found.flat())].filter((id) => !schedules.has(id));
      for (const schedule of await store.getSchedules(fresh))
        if (schedule !== undefined) schedules.set(schedule.spec.groupId, schedule);
      level = fresh;
    }
    return { schedules, dependents };
  }

  /**
   * Returns a hash of all that the plan depends on: versions, how far the ledgers go, and the runs in its time
   * that have not simply succeeded or have been run beside the live lane. Each of them is in an index without
   * those that have, so long ledgers cost little.
   */
  async #stateOf({ groups, stops }: Reach, schedules: ReadonlyMap<string, Schedule>): Promise<string> {
    const { store } = this.#parts;
    const parts: unknown[] = [stops];
    for (const { groupId, intervals } of groups) {
      const { version, incarnation, status, watermark } = schedules.get(groupId)!;
      const upper = intervals.at(-1)?.upper ?? watermark;
      parts.push([groupId, version, incarnation, status, Math.min(watermark, upper), intervals]);
      for (const within of intervals) {
        for (const filter of [{ states: OTHER_STATES }, { kinds: BESIDE }]) {
          for await (const { id, state, isSuperseded } of eachRun(store, { groupId, within, ...filter }))
            parts.push([id, state, isSuperseded]);
        }
      }
    }
    return digestOf(JSON.stringify(parts));
  }
}

/** Returns the backfills of a plan, the nearest group first. */
function stretchesOf(
  planId: string,
  { groups }: Reach,
): readonly { readonly id: string; readonly groupId: string; readonly interval: Interval }[] {
  const name = RESTATEMENT + digestOf(planId);
  return groups.flatMap(({ groupId, intervals }) =>
    intervals.map((interval, n) => ({ id: `${name}-${digestOf(groupId, 8)}-${n}`, groupId, interval })),
  );
}

function digestOf(text: string, digits = HASH_DIGITS): string {
  return hash("sha256", text, "hex").slice(0, digits);
}

function meantBy({
  groupId,
  from,
  to,
  cascade = "none",
  except = [],
  note = "",
  force = false,
}: RestatementRequest): Meant {
  const { lower, upper }: Interval = { lower: instantOf(from, "from"), upper: instantOf(to, "to") };
  if (lower >= upper) throw invalidInput("from", "must be before to");
  if (cascade !== "none" && cascade !== "downstream")
    throw invalidInput("cascade", 'must be "none" or "downstream"');
  if (!Array.isArray(except) || except.some((id) => typeof id !== "string"))
    throw invalidInput("except", "must be a list of ids of groups");
  checkNote(note);
  if (typeof force !== "boolean") throw invalidInput("force", "must be true or false");
  return { groupId, lower, upper, cascade, except: [...new Set(except)].sort(), note, force };
}

/**
 * Returns the request that a plan answers: another plan of it has the same id as long as no ledger has moved.
 *
 * @throws LedgerError INTERVAL_INVALID if it is no plan
 */
export function requestOfPlan(planId: string): RestatementRequest {
  const { lower, upper, ...meant } = requestIn(planId);
  return { ...meant, from: lower, to: upper };
}

/** @throws LedgerError INTERVAL_INVALID if it is no plan */
function requestIn(planId: string): Meant {
  try {
    const [text = ""] = planId.split(".");
    const { groupId, lower, upper, cascade, except, note, force } = JSON.parse(
      Buffer.from(text, "base64url").toString(),
    ) as Meant;
    return meantBy({ groupId, from: lower, to: upper, cascade, except, note, force });
  } catch (cause) {
    throw new LedgerError("INTERVAL_INVALID", "planId: is not the id of a plan.", { field: "planId", cause });
  }
}
