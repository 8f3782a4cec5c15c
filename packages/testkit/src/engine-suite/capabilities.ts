import { TOKENS } from "@tidegate/core";
import { expect } from "../runner.js";
import type { EngineSuite } from "./suite.js";

/** Tests an engine's `capabilities`. */
export function capabilityRules({ chapter, supports, finestPeriodMs }: EngineSuite): void {
  chapter("what it says of itself", (rule) => {
    rule("has a type by which schedules choose it", async (bed) => {
      expect(bed.engine.engineType).toMatch(/^[A-Za-z0-9_.-]{1,64}$/);
    });

    rule("is one object, however often it is asked for", async (bed) => {
      const [engine] = bed.firing.container.getAll(TOKENS.engine);
      expect(engine).toBe(bed.engine);
    });

    rule("declares the finest period that it is tested with, or a finer one", async (bed) => {
      expect(bed.engine.capabilities.finestPeriodMs).toBeGreaterThan(0);
      expect(bed.engine.capabilities.finestPeriodMs).toBeLessThanOrEqual(finestPeriodMs);
    });

    rule("declares whether it holds definitions as its test does in `supports`", async (bed) => {
      expect(bed.engine.capabilities.holdsDefinitions).toBe(supports.definitions);
    });
  });
}
