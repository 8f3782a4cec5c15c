import fc from "fast-check";

/** The groups of a random history: one with a lane of width one, and one with width two. */
export const GROUPS = ["alpha", "beta"] as const;

/** Index of a group. */
type GroupNo = number;

/** Index of an existing run or claim, counted from the newest, modulo their number. */
type Choice = number;

/**
 * An operation on a store. Operations refer to their subjects by numbers, so that any sequence of them is
 * meaningful, including one that was shortened by shrinking a counterexample.
 */
export type Operation =
  /**
   * Plans this many intervals of this many minutes. `covers`: also covers what was cancelled, as part of the
   * first interval if it adjoins the watermark; `isStale`: by a manager with an outdated watermark.
   */
  | {
      readonly type: "plan";
      group: GroupNo;
      count: number;
      minutes: number;
      skipsFirst: boolean;
      covers: boolean;
      isStale: boolean;
    }
  /** Lets this many leases pass and claims. */
  | { readonly type: "claim"; limit: number; leases: number }
  /**
   * The holder of a claim, possibly outdated, reports how its run ended; `isOverlap`: cancelled by the overlap
   * policy.
   */
  | {
      readonly type: "end";
      claim: Choice;
      state: "SUCCEEDED" | "FAILED" | "CANCELLED";
      isBlocking: boolean;
      isOverlap: boolean;
    }
  /** The holder of a claim reports that the job has started. */
  | { readonly type: "start"; claim: Choice }
  /** The holder of a claim puts its run back for another attempt. */
  | { readonly type: "postpone"; claim: Choice; leases: number }
  | { readonly type: "renew"; claims: readonly Choice[]; leases: number }
  | { readonly type: "requestCancel"; run: Choice }
  /** Cancels one of the planned runs; `isOverlap`: as the overlap policy does. */
  | { readonly type: "cancel"; run: Choice; isOverlap: boolean }
  /** Retries one of the failed or cancelled runs, unless another stands for it. */
  | { readonly type: "retry"; run: Choice }
  /** Re-runs the interval of one of the ended runs, unless a re-run is in progress. */
  | { readonly type: "rerun"; run: Choice }
  /** A gatekeeper, possibly with an outdated answer, settles one of the gated runs that are due. */
  | {
      readonly type: "settle";
      run: Choice;
      answer: "open" | "closed" | "failed";
      leases: number;
      wokenBy: GroupNo | null;
      isStale: boolean;
    }
  /** Takes the next step of the group's backfill. */
  | { readonly type: "backfill"; group: GroupNo; count: number }
  | { readonly type: "resize"; group: GroupNo; width: number }
  | {
      readonly type: "update";
      group: GroupNo;
      delayMs: number;
      isGated: boolean;
      adoptsPlanned: boolean;
    }
  | { readonly type: "setStatus"; group: GroupNo; status: "REGISTERED" | "PAUSED" | "FAILED" }
  | { readonly type: "cancelPlanned"; group: GroupNo }
  /** Plans what `cancelPlanned` has cancelled again, from the n-th minute on. */
  | { readonly type: "reviveCancelled"; group: GroupNo; minute: number };

/** The operation of a type. */
export type OperationOf<Type extends Operation["type"]> = Extract<Operation, { type: Type }>;

const group = fc.nat(GROUPS.length - 1);
const choice = fc.oneof(fc.nat(3), fc.nat(50));
const leases = fc.constantFrom(0, 0.5, 1, 2);
const rarely = fc.integer({ min: 0, max: 9 }).map((n) => n === 9);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 10, arbitrary: plan() },
  {
    weight: 10,
    arbitrary: fc.record({ type: fc.constant("claim"), limit: fc.integer({ min: 1, max: 4 }), leases }),
  },
  { weight: 12, arbitrary: end() },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("start"), claim: choice }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constant("postpone"), claim: choice, leases }) },
  { weight: 2, arbitrary: renew() },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("requestCancel"), run: choice }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant("cancel"), run: choice, isOverlap: fc.boolean() }),
  },
  { weight: 5, arbitrary: fc.record({ type: fc.constant("retry"), run: choice }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant("rerun"), run: choice }) },
  {
    weight: 3,
    arbitrary: fc.record({ type: fc.constant("backfill"), group, count: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("resize"), group, width: fc.nat(3) }) },
  { weight: 8, arbitrary: settle() },
  { weight: 2, arbitrary: update() },
  { weight: 1, arbitrary: setStatus() },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("cancelPlanned"), group }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("reviveCancelled"),
      group,
      minute: fc.integer({ min: -60, max: 3 }),
    }),
  },
);

/** Random histories of a store. */
export const operations: fc.Arbitrary<Operation[]> = fc.array(operation, { maxLength: 100, size: "max" });

function plan(): fc.Arbitrary<OperationOf<"plan">> {
  return fc.record({
    type: fc.constant("plan"),
    group,
    count: fc.nat(4),
    minutes: fc.integer({ min: 1, max: 3 }),
    skipsFirst: rarely,
    covers: fc.boolean(),
    isStale: rarely,
  });
}

function end(): fc.Arbitrary<OperationOf<"end">> {
  return fc.record({
    type: fc.constant("end"),
    claim: choice,
    state: fc.constantFrom("SUCCEEDED", "SUCCEEDED", "FAILED", "CANCELLED"),
    isBlocking: fc.boolean(),
    isOverlap: fc.boolean(),
  });
}

function renew(): fc.Arbitrary<OperationOf<"renew">> {
  return fc.record({ type: fc.constant("renew"), claims: fc.array(choice, { maxLength: 3 }), leases });
}

function settle(): fc.Arbitrary<OperationOf<"settle">> {
  return fc.record({
    type: fc.constant("settle"),
    run: choice,
    answer: fc.constantFrom("open", "open", "closed", "closed", "failed"),
    leases,
    wokenBy: fc.constantFrom(null, 0, 1),
    isStale: rarely,
  });
}

function update(): fc.Arbitrary<OperationOf<"update">> {
  return fc.record({
    type: fc.constant("update"),
    group,
    delayMs: fc.nat(3),
    isGated: fc.boolean(),
    adoptsPlanned: fc.boolean(),
  });
}

function setStatus(): fc.Arbitrary<OperationOf<"setStatus">> {
  return fc.record({
    type: fc.constant("setStatus"),
    group,
    status: fc.constantFrom("REGISTERED", "REGISTERED", "REGISTERED", "PAUSED", "FAILED"),
  });
}
