import { describe, expect, it } from "@jest/globals";
import { TOKENS } from "@tidegate/core";
import type { EngineSuite } from "./suite.js";

/** Tests an engine's `capabilities`. */
export function capabilityRules({ bed, supports, finestPeriodMs }: EngineSuite): void {
  describe("what it says of itself", () => {
    it("has a type by which schedules choose it", () => {
      expect(bed().engine.engineType).toMatch(/^[A-Za-z0-9_.-]{1,64}$/);
    });

    it("is one object, however often it is asked for", () => {
      const [engine] = bed().tidegate.container.getAll(TOKENS.engine);
      expect(engine).toBe(bed().engine);
    });

    it("declares the finest period that it is tested with, or a finer one", () => {
      expect(bed().engine.capabilities.finestPeriodMs).toBeGreaterThan(0);
      expect(bed().engine.capabilities.finestPeriodMs).toBeLessThanOrEqual(finestPeriodMs);
    });

    it("declares whether it holds definitions as its test does in `supports`", () => {
      expect(bed().engine.capabilities.holdsDefinitions).toBe(supports.definitions);
    });
  });
}
