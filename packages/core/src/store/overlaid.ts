import type { ScheduleStore } from "./schedule-store.js";

type Method = (...args: unknown[]) => unknown;

/**
 * Returns a store that calls `own` for some methods, and another store for all others. A method that the other
 * one lacks is absent here too.
 */
export function overlaid(store: ScheduleStore, own: Partial<ScheduleStore>): ScheduleStore {
  // Every call of a store comes through here, so a method, or its absence, is a plain property from its first use on.
  const finder = new Proxy(store, {
    get: (target, name, overlay: object) => {
      const value = Reflect.get(target, name, target) as unknown;
      const other = own[name as keyof ScheduleStore];
      if (value !== undefined && typeof value !== "function") return other ?? value;
      const call = value === undefined ? undefined : (other ?? late(target, name));
      Object.defineProperty(overlay, name, { value: call, writable: true, configurable: true });
      return call;
    },
  });
  return Object.create(finder, { isShared: { value: store.isShared, enumerable: true } }) as ScheduleStore;
}

/** Returns a call of a method that is looked up each time, since somebody may replace it. */
function late(target: object, name: string | symbol): Method {
  return (...args) => (target as Record<typeof name, Method>)[name]!(...args);
}
