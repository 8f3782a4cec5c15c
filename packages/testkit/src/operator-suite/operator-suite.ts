import { afterEach, beforeEach, describe, expect, it } from "../runner.js";
import { completionRules, repetitionRules } from "./completion.js";
import { descriptionRules } from "./description.js";
import { failureRules } from "./failure.js";
import type { OperatorBed, OperatorFixture, OperatorSuiteOptions } from "./fixture.js";
import { loggingRules } from "./logging.js";
import { lookupRules } from "./lookup.js";
import { positionRules } from "./positions.js";
import { splittingRules } from "./splitting.js";
import { stoppingRules } from "./stopping.js";
import { verificationRules } from "./verification.js";

export type {
  OperatorFeatures,
  OperatorFixture,
  OperatorSuiteOptions,
  PositionBed,
  PositionRange,
  RequestFactory,
} from "./fixture.js";

/**
 * Defines the rules of `ScheduleOperator` as tests for Jest or Vitest: the other half of the contract. Every operator runs
 * it on a real test bed; features that the bed cannot show are declared in `supports` and reported as
 * skipped, never silently passed over.
 *
 * ```ts
 * operatorSuite({ name: "duckdb", create: async () => ({ operator, request, dispose }), supports: { slow: false } });
 * ```
 */
export function operatorSuite(options: OperatorSuiteOptions): void {
  describe(`${options.name} keeps the rules of ScheduleOperator`, () => {
    let current: OperatorFixture | undefined;
    beforeEach(async () => {
      current = await options.create();
    });
    afterEach(async () => {
      const ended = current;
      current = undefined;
      await ended?.dispose();
    });

    const bed: OperatorBed = {
      fixture: () => current!,
      supports: {
        slow: true,
        failing: true,
        busy: false,
        verify: false,
        split: false,
        positions: false,
        logs: false,
        validate: true,
        describeJob: true,
        effects: true,
        restart: true,
        ...options.supports,
      },
    };

    it("has a type by which schedules choose it", () => {
      expect(bed.fixture().operator.operatorType).toMatch(/^[A-Za-z0-9_.-]{1,64}$/);
    });

    it("has sentences for people as its notes on a job, the same each time", () => {
      const { operator, request } = bed.fixture();
      const { job } = request();
      const notes = operator.notesOn?.(job) ?? [];
      for (const note of notes) expect(note).toMatch(/^[^\n]{1,500}$/);
      expect(operator.notesOn?.(job) ?? []).toEqual(notes);
    });

    it("says how a job writes in a word of the contract, the same each time, or leaves it open", () => {
      const { operator, request } = bed.fixture();
      const { job } = request();
      const effect = operator.writesOf?.(job);
      expect([undefined, "replace", "upsert", "append"]).toContain(effect);
      expect(operator.writesOf?.(job)).toBe(effect);
    });

    it("says of a job alone that replaces that a full copy replaces the target as a whole", () => {
      const { operator, request } = bed.fixture();
      const { job } = request();
      const replacesTarget = operator.replacesTarget?.(job) ?? false;
      expect([false, operator.writesOf?.(job) === "replace"]).toContain(replacesTarget);
      expect(operator.replacesTarget?.(job) ?? false).toBe(replacesTarget);
    });

    completionRules(bed);
    repetitionRules(bed);
    lookupRules(bed);
    stoppingRules(bed);
    failureRules(bed);
    splittingRules(bed);
    descriptionRules(bed);
    verificationRules(bed);
    positionRules(bed);
    loggingRules(bed);
  });
}
