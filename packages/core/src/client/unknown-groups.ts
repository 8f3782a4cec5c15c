import { type DependencyTree, type Leaf, leavesOf } from "../dependency/dependency.js";
import { ScheduleError } from "../errors/errors.js";

/** Most groups that are read together. */
const BATCH = 1_000;

/** The fields of a schedule that say which groups it depends on. */
export interface Dependent {
  readonly groupId: string;
  readonly dependsOn?: DependencyTree | null;
}

/** Tells which groups exist: `undefined` in the place of those that do not. */
export interface KnownGroups {
  getSchedules(groupIds: readonly string[]): Promise<readonly unknown[]>;
}

/**
 * Returns for each schedule the error with which it is refused if it depends on a group that does not exist and that
 * it does not allow to come later. Schedules that are registered together know each other, whatever their order,
 * unless the other one is refused; an unregistered group exists as long as its ledger does.
 *
 * @param alsoKnown - ids of groups that exist, or are about to
 */
export async function refusalsOfUnknown(
  groups: KnownGroups,
  dependents: readonly Dependent[],
  alsoKnown: ReadonlySet<string> = new Set(),
): Promise<(ScheduleError | undefined)[]> {
  const needed = dependents.map((one) =>
    requiredBy(one).filter(({ dependency }) => !alsoKnown.has(dependency.groupId)),
  );
  const ids = new Set(needed.flatMap((leaves) => leaves.map(({ dependency }) => dependency.groupId)));
  const stored = await storedOf(groups, [...ids]);
  const refusals: (ScheduleError | undefined)[] = dependents.map(() => undefined);
  const together = new Set(dependents.map(({ groupId }) => groupId));
  let isSettled = false;
  while (!isSettled) {
    isSettled = true;
    for (const [index, { groupId }] of dependents.entries()) {
      if (refusals[index] !== undefined) continue;
      const unknown = needed[index]!.find(
        ({ dependency }) => !stored.has(dependency.groupId) && !together.has(dependency.groupId),
      );
      if (unknown === undefined) continue;
      refusals[index] = refusalOf(unknown);
      together.delete(groupId);
      isSettled = false;
    }
  }
  return refusals;
}

/** Returns the ids of the other groups that must exist when a schedule is registered, each once. */
export function requiredUpstreamsOf(dependent: Dependent): readonly string[] {
  return [...new Set(requiredBy(dependent).map(({ dependency }) => dependency.groupId))];
}

function requiredBy({ dependsOn, groupId }: Dependent): readonly Leaf[] {
  if (dependsOn == null) return [];
  return leavesOf(dependsOn).filter(
    ({ dependency }) => dependency.groupId !== groupId && dependency.mayComeLater !== true,
  );
}

async function storedOf(groups: KnownGroups, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  for (let start = 0; start < ids.length; start += BATCH) {
    const part = ids.slice(start, start + BATCH);
    const found = await groups.getSchedules(part);
    for (const [index, id] of part.entries()) if (found[index] !== undefined) known.add(id);
  }
  return known;
}

function refusalOf({ field, dependency }: Leaf): ScheduleError {
  return new ScheduleError(
    "DEPENDENCY_UNKNOWN",
    `${field}.groupId: there is no group "${dependency.groupId}"; register it first or together with this one, or say mayComeLater: true.`,
    { field: `${field}.groupId` },
  );
}
