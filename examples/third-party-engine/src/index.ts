import { defineEngine } from "@tidegate/core/engine";
import { CronerTimers } from "./croner-timers.js";

/** Brings this engine, named `croner`, to a Tidegate. */
export const cronerEngine = (timers = new CronerTimers()) =>
  defineEngine({
    type: "croner",
    capabilities: { finestPeriodMs: 1_000, holdsDefinitions: true },
    create: () => timers,
  });
