/**
 * A shift of an instant: a whole number and a unit, such as `-1 day`, `+2 weeks`, `-90 minutes` or
 * `-1 interval`. See `parseShift`.
 */
export type CalendarShift = string;

/** A length of elapsed time: a whole number and a unit up to weeks, such as `90 minutes` or `1 day` (24 h). */
export type Duration = string;

/** The unit to whose beginnings and ends a window is widened. A week begins on Monday. */
export type AlignUnit = "hour" | "day" | "week" | "month" | "quarter" | "year";

/**
 * The time that a dependency asks for, relative to the run's own interval: it is widened to whole units of
 * `align`, and then its bounds are shifted, all in the time zone of the group that depends.
 */
export interface DependencyWindow {
  /** Shift of the lower bound, such as `-1 day` or `-1 interval`. @default none */
  readonly from?: CalendarShift;
  /** Shift of the upper bound. @default none */
  readonly to?: CalendarShift;
  /** Widens the run's interval to whole units first; a week begins on Monday. @default not widened */
  readonly align?: AlignUnit;
}

/** When a dependency has waited long enough, and how it goes on. */
export interface DependencyTimeout {
  /**
   * How long a run waits for it, counted from when its turn in its lane has come, ms, at least 1. Time that
   * is covered in the last of these milliseconds still counts.
   */
  readonly afterMs: number;
  /**
   * `fail`: the run fails with DEPENDENCY_TIMEOUT, without an attempt; `run`: the dependency counts as met;
   * `hold`: the run waits on, and a `trouble` event says so once.
   */
  readonly action: "fail" | "run" | "hold";
}

/** How a run goes on whose input is covered anew after it has read it. See `Dependency.onRestate`. */
export type RestatePolicy = "mark" | "rerun" | "ignore";

/** A dependency on the coverage of a group: its ledger must cover a window of time. */
export interface Dependency {
  /**
   * The group that is depended on. It must exist, or be registered together with this one, unless it
   * `mayComeLater`.
   */
  readonly groupId: string;
  /** Whether the group may be registered later; until then runs wait for it. @default false */
  readonly mayComeLater?: boolean;
  /** The time that must be covered. @default the run's own interval */
  readonly window?: DependencyWindow;
  /**
   * How much of the window's time must be covered: more than `0%`, up to `100%`, or all but `missing`.
   * @default "100%"
   */
  readonly atLeast?: string | { readonly missing: Duration };
  /**
   * Which runs cover time: those that succeeded, or also those that were given up on purpose (skipped by a
   * policy, or cancelled by a person).
   * @default "succeeded", for the group itself "settled"
   */
  readonly satisfiedBy?: "succeeded" | "settled";
  /**
   * The part of the window before the group's ledger begins: not waited for (`ignore`), or awaited. A full
   * copy of the group has it.
   * @default "ignore", for a source group and one that is first copied in full "wait"
   */
  readonly beforeOrigin?: "wait" | "ignore";
  /** When it has waited long enough, and how it goes on. @default it waits for ever */
  readonly timeout?: DependencyTimeout;
  /**
   * How a run goes on whose window is covered anew after it has read it: it is stale until somebody runs it
   * again (`mark`), it is run again once things have settled (`rerun`), or it stays as it is (`ignore`).
   * @default "mark"
   */
  readonly onRestate?: RestatePolicy;
}

/** Dependencies of which all or any must be met. */
export type DependencyTree =
  | Dependency
  | { readonly all: readonly DependencyTree[] }
  | { readonly any: readonly DependencyTree[] };

/** Most dependencies in a tree. */
export const MOST_DEPENDENCIES = 64;

/** How many levels of `all` and `any` a tree may have. */
export const MOST_LEVELS = 4;

/** A dependency, and its field in the schedule, such as `dependsOn.all.0`. */
export interface Leaf {
  readonly field: string;
  readonly dependency: Dependency;
}

/** Returns the dependencies of a tree in the order in which they are written. */
export function leavesOf(tree: DependencyTree, field = "dependsOn"): readonly Leaf[] {
  const children = childrenOf(tree);
  if (children === undefined) return [{ field, dependency: tree as Dependency }];
  const name = "all" in tree ? "all" : "any";
  return children.flatMap((child, index) => leavesOf(child, `${field}.${name}.${index}`));
}

/** Returns the ids of the groups that a schedule depends on, each once; its own id is not among them. */
export function upstreamsOf({
  dependsOn,
  groupId,
}: {
  readonly groupId: string;
  readonly dependsOn?: DependencyTree | null;
}): readonly string[] {
  if (dependsOn == null) return [];
  const ids = new Set(leavesOf(dependsOn).map(({ dependency }) => dependency.groupId));
  ids.delete(groupId);
  return [...ids];
}

/** Returns how many levels of `all` and `any` a tree has; 0 for a single dependency. */
export function levelsOf(tree: DependencyTree): number {
  const children = childrenOf(tree);
  return children === undefined ? 0 : 1 + Math.max(...children.map(levelsOf));
}

function childrenOf(tree: DependencyTree): readonly DependencyTree[] | undefined {
  if ("all" in tree) return tree.all;
  return "any" in tree ? tree.any : undefined;
}
