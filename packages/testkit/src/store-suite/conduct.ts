import type { Backfill, EpochMs, Page, PageRequest, Run, Schedule } from "@tidegate/core";
import {
  type BackfillCommit,
  type ClaimedRun,
  type ClaimRequest,
  type GatedQuery,
  type GatedRun,
  type GateFailure,
  isAdmitted,
  type NewRun,
  type RunChange,
  type RunFilter,
  type ScheduleChange,
  type ScheduleStore,
  type SealRead,
} from "@tidegate/core/store";
import {
  aNewSchedule,
  aPlan,
  aRun,
  MINUTE,
  minute,
  type NewScheduleOverrides,
  type PlanOverrides,
  START,
} from "../builders.js";

/** An instant at which every planned run of a test is claimable. */
export const LATER: EpochMs = START + 10_000 * MINUTE;

/** Default operators of the suite's claims: that of `aRun`. */
export const OPERATORS: readonly string[] = ["duckdb"];

/** Lease of the suite's claims, ms. */
export const LEASE = 30_000;

/** Additional fields of a change. */
type Details = Partial<Omit<RunChange, "id" | "from" | "state">>;

/** Registers a schedule and reads it back. */
export async function register(
  store: ScheduleStore,
  overrides: NewScheduleOverrides = {},
): Promise<Schedule> {
  const added = aNewSchedule(overrides);
  await store.insertSchedules([added]);
  return scheduleOf(store, added.spec.groupId);
}

/** Returns the schedule of a group; throws if there is none. */
export async function scheduleOf(store: ScheduleStore, groupId = "orders"): Promise<Schedule> {
  const [schedule] = await store.getSchedules([groupId]);
  if (schedule === undefined) throw new Error(`Group ${groupId} has no schedule.`);
  return schedule;
}

/** Changes a schedule in its current state; returns whether that succeeded. */
export async function change(
  store: ScheduleStore,
  changes: Partial<ScheduleChange>,
  groupId = "orders",
): Promise<boolean> {
  const { version, status } = await scheduleOf(store, groupId);
  const expected = { version, statuses: [status] };
  const [isDone] = await store.changeSchedules([{ groupId, expected, updatedAt: START, ...changes }]);
  return isDone === true;
}

/** Plans the next minutes of a group and returns their runs. */
export async function plan(
  store: ScheduleStore,
  overrides: PlanOverrides = {},
  groupId = "orders",
): Promise<readonly NewRun[]> {
  const commit = aPlan(await scheduleOf(store, groupId), overrides);
  const [isDone] = await store.plan([commit]);
  if (isDone !== true) throw new Error(`Group ${groupId} could not be planned.`);
  return commit.runs;
}

/** Claims all claimable runs. */
export function claim(store: ScheduleStore, request: Partial<ClaimRequest> = {}): Promise<ClaimedRun[]> {
  const now = request.now ?? LATER;
  const rest = { operators: OPERATORS, leaseUntil: now + LEASE, limit: 100 };
  return store.claim({ owner: "first", now, ...rest, ...request });
}

/** Returns when the next run of the suite's operators becomes claimable. */
export async function nextWake(store: ScheduleStore, now = 0): Promise<EpochMs | undefined> {
  return (await store.nextWake({ operators: OPERATORS, now })).claimAt;
}

/** Returns when the next gated run is due. */
export async function nextLook(store: ScheduleStore): Promise<EpochMs | undefined> {
  return (await store.nextWake({ operators: OPERATORS, now: 0 })).lookAt;
}

/** Returns the gated runs that are due. */
export function dueAtGates(store: ScheduleStore, query: Partial<GatedQuery> = {}): Promise<GatedRun[]> {
  return store.listGated({ now: LATER, limit: 100, ...query });
}

/** Settles the gates of a run: open, or closed with these details. */
export async function settle(
  store: ScheduleStore,
  { run, look }: GatedRun,
  closed?: { readonly lookAt?: EpochMs; readonly wokenBy?: readonly string[]; readonly reason?: string },
): Promise<boolean> {
  const common = { id: run.id, look, at: LATER };
  const { lookAt = LATER + MINUTE, reason = "closed", ...rest } = closed ?? {};
  const wait = { reason, since: START, lookAgainAt: lookAt, ...rest };
  const [isDone] = await store.settleGates([
    closed === undefined ? { ...common, isOpen: true } : { ...common, isOpen: false, wait, lookAt },
  ]);
  return isDone === true;
}

/** Has its gates fail a run; returns whether they did. */
export async function failAtGates(
  store: ScheduleStore,
  { run, look }: GatedRun,
  { isBlocking = false }: Partial<GateFailure> = {},
): Promise<boolean> {
  const failure = { error: { code: "TOO_LATE", message: "nobody came" }, isBlocking };
  const [isDone] = await store.settleGates([{ id: run.id, look, at: LATER, isOpen: false, failure }]);
  return isDone === true;
}

/** Claims the only claimable run. */
export async function claimOne(
  store: ScheduleStore,
  request: Partial<ClaimRequest> = {},
): Promise<ClaimedRun> {
  const claimed = await claim(store, request);
  const [one] = claimed;
  if (one === undefined || claimed.length > 1)
    throw new Error(`${claimed.length} runs were claimed, not one.`);
  return one;
}

/** Returns the change with which the holder of a claim ends its run. */
export function ending(
  { run, token }: ClaimedRun,
  state: "SUCCEEDED" | "FAILED" | "CANCELLED",
  details: Details = {},
): RunChange {
  return {
    id: run.id,
    from: ["SUBMITTING", "RUNNING"],
    token,
    state,
    at: LATER,
    endedAt: LATER,
    ...details,
  };
}

/** Ends a claimed run; returns whether that succeeded. */
export async function end(
  store: ScheduleStore,
  claimed: ClaimedRun,
  state: "SUCCEEDED" | "FAILED" | "CANCELLED",
  details: Details = {},
): Promise<boolean> {
  const [isDone] = await store.changeRuns([ending(claimed, state, details)]);
  return isDone === true;
}

/** Claims the only claimable run and ends it. */
export async function carryOut(
  store: ScheduleStore,
  state: "SUCCEEDED" | "FAILED" | "CANCELLED",
  details: Details = {},
): Promise<Run> {
  const claimed = await claimOne(store);
  await end(store, claimed, state, details);
  return runOf(store, claimed.run.id);
}

/** Plans minutes and ends each with the given state, in order; the lane must be free. */
export async function history(
  store: ScheduleStore,
  states: readonly ("SUCCEEDED" | "FAILED" | "CANCELLED")[],
  groupId = "orders",
): Promise<readonly NewRun[]> {
  const runs = await plan(store, { count: states.length }, groupId);
  for (const state of states) await carryOut(store, state);
  return runs;
}

/** Returns an existing run. */
export async function runOf(store: ScheduleStore, id: string): Promise<Run> {
  const [run] = await store.getRuns([id]);
  if (run === undefined) throw new Error(`There is no run ${id}.`);
  return run;
}

/** Returns all pages of a listing, until one has no cursor. */
export async function pagesOf<T>(load: (page: PageRequest) => Promise<Page<T>>): Promise<(readonly T[])[]> {
  const pages: (readonly T[])[] = [];
  const cursors = new Set<string>();
  let request: PageRequest = {};
  for (;;) {
    const { items, next } = await load(request);
    pages.push(items);
    if (next === undefined) return pages;
    if (cursors.has(next)) throw new Error(`The cursor ${next} came twice; the listing would never end.`);
    cursors.add(next);
    request = { cursor: next };
  }
}

/** Returns all matching runs, in order. */
export async function allRuns(store: ScheduleStore, filter: RunFilter = {}): Promise<Run[]> {
  return (await pagesOf((page) => store.listRuns(filter, { limit: 1_000, ...page }))).flat();
}

/** Returns the step of a backfill that plans these runs, and moves its cursor by three minutes. */
export function stepOf({ id }: Backfill, runs: readonly NewRun[]): BackfillCommit {
  return {
    id,
    cursor: START,
    newCursor: START + 3 * MINUTE,
    state: "RUNNING",
    updatedAt: LATER,
    runs: runs.map((run) => ({ ...run, kind: "BACKFILL", backfillId: id })),
  };
}

/** Returns the ids of runs, claims or gated runs. */
export function idsOf(items: readonly (Pick<Run, "id"> | Pick<ClaimedRun, "run">)[]): string[] {
  return items.map((item) => ("run" in item ? item.run.id : item.id));
}

/** Returns which of these runs have a place in the lane, in their order. */
export async function admitted(store: ScheduleStore, runs: readonly NewRun[]): Promise<boolean[]> {
  const found = await store.getRuns(idsOf(runs));
  return found.map((run) => run !== undefined && isAdmitted(run.place));
}

/** Returns the change with which a person has a run carried out again. */
export const retry = (id: string, read: SealRead = {}): RunChange => ({
  id,
  from: ["FAILED", "CANCELLED"],
  state: "PLANNED",
  at: LATER,
  reason: null,
  attempt: 0,
  isBlocking: false,
  endedAt: null,
  ...read,
});

/** Returns another generation of the n-th minute, beside the lane. */
export const again = (n: number, overrides: Partial<NewRun> = {}): NewRun =>
  aRun({ ...minute(n), kind: "MANUAL", generation: 1, ...overrides });
