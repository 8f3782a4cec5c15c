import type { ScheduleEngine } from "@tidegate/core/engine";

/**
 * Returns an engine that never fires by itself: the foreign scheduler knows its times on its own, and fires
 * by callbacks. The watchdog plans what it misses.
 *
 * @param engineType - the name by which schedules choose it, as in `callbacks`
 */
export function outsideEngine(engineType: string): ScheduleEngine {
  return {
    engineType,
    capabilities: {
      finestPeriodMs: 1_000,
      holdsDefinitions: false,
    },
    start: async () => {},
    handleRegister: async () => {},
    handleUnregister: async () => {},
    handleUpdate: async () => {},
    async *list() {},
    stop: async () => {},
  };
}
