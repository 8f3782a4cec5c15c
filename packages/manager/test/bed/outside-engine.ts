import type { ScheduleEngine } from "@tidegate/core";

/** An engine that never fires by itself: what fires is outside and comes through the door. */
export function outsideEngine(engineType = "outside"): ScheduleEngine {
  return {
    engineType,
    capabilities: {
      finestPeriodMs: 1_000,
      holdsDefinitions: false,
      hasNativeCatchup: false,
      hasNativeBackfill: false,
    },
    start: async () => {},
    handleRegister: async () => {},
    handleUnregister: async () => {},
    handleUpdate: async () => {},
    async *list() {},
    stop: async () => {},
  };
}
