import type { RunKind } from "../job/run-kind.js";
import type { ClaimQueue } from "../run/claim-order.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import type { PoolUse } from "./pool.js";

/** The priority of schedules that give none. */
export const DEFAULT_PRIORITY = 3;

/** The priority of runs that come last. */
export const LOWEST_PRIORITY = 5;

/** The label by which runs of schedules without a `fairnessKey` are told apart. */
const TENANT = "tenant";

/** How the runs of a schedule are chosen among those that wait for the same pools. */
export interface Pooling {
  /** The pools and slots that a run needs, as JSON by name; `{}` if only its priority matters. */
  readonly needs: string;
  /** 1 to 5, smaller first. */
  readonly priority: number;
  readonly fairnessKey: string;
  readonly fairnessWeight: number;
}

/** The fields of a schedule that decide how its runs are chosen. */
export type PoolingFields = Partial<
  Pick<ScheduleSpec, "pool" | "priority" | "fairnessKey" | "fairnessWeight" | "labels">
>;

/** Returns the pools that a schedule's runs need, by name. A specification stored before pools existed needs none. */
export function poolsOf({ pool }: PoolingFields): readonly PoolUse[] {
  if (pool == null) return [];
  const uses = typeof pool === "string" ? [{ name: pool, slots: 1 }] : pool;
  return [...uses].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Returns how the runs of a schedule are chosen, or `undefined` if they need no pool and have the default priority:
 * they are claimed in order, see `queueOf`.
 */
export function poolingOf(spec: PoolingFields): Pooling | undefined {
  const uses = poolsOf(spec);
  const { priority = DEFAULT_PRIORITY, fairnessKey, fairnessWeight = 1, labels } = spec;
  if (uses.length === 0 && priority === DEFAULT_PRIORITY) return undefined;
  return {
    needs: JSON.stringify(Object.fromEntries(uses.map(({ name, slots }) => [name, slots]))),
    priority,
    fairnessKey: fairnessKey ?? labels?.[TENANT] ?? "",
    fairnessWeight,
  };
}

/** Reads `Pooling.needs`. */
export function needsOf(needs: string): PoolUse[] {
  return Object.entries(JSON.parse(needs) as Record<string, number>).map(([name, slots]) => ({
    name,
    slots,
  }));
}

/** Returns whether `Pooling.needs` names a pool. */
export function needsPool(needs: string, name: string): boolean {
  return needs.includes(`"${name}":`);
}

/** Returns whether a run belongs to a backlog, which has a share of each pool of its own. */
export function isBacklog({ kind, queue }: { readonly kind: RunKind; readonly queue: ClaimQueue }): boolean {
  return queue === "rest" || (kind !== "SCHEDULED" && kind !== "MANUAL");
}
