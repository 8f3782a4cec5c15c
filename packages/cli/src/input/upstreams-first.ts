import { type Dependent, requiredUpstreamsOf } from "@tidegate/core/schema";

/**
 * Sorts schedules so that each comes after those that it depends on; otherwise they keep their order, and so do those
 * that depend on each other.
 */
export function upstreamsFirst<T>(items: readonly T[], dependentOf: (item: T) => Dependent): T[] {
  const byId = new Map(items.map((item) => [dependentOf(item).groupId, item]));
  const sorted = new Set<T>();
  const entered = new Set<T>();
  const isNew = (item: T | undefined): item is T => item !== undefined && !entered.has(item);
  for (const first of items) {
    const open: { readonly item: T; readonly rest: T[] }[] = [];
    const enter = (item: T): void => {
      entered.add(item);
      const upstreams = requiredUpstreamsOf(dependentOf(item)).map((id) => byId.get(id));
      open.push({ item, rest: upstreams.filter(isNew) });
    };
    if (isNew(first)) enter(first);
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const next = top.rest.shift();
      if (next === undefined) {
        sorted.add(top.item);
        open.pop();
      } else if (isNew(next)) {
        enter(next);
      }
    }
  }
  return [...sorted];
}
