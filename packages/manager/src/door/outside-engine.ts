import type { ScheduleEngine } from "@tidegate/core";

/**
 * An engine that never fires by itself: what fires is outside, knows its times on its own, and comes through the door. The
 * watchdog plans what it leaves out.
 *
 * @param engineType - by which schedules choose it, and which `callbacks` lets in
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
