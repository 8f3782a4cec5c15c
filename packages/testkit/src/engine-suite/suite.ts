import type { EngineBed } from "./bed.js";
import type { EngineFeatures } from "./fixture.js";

/** Defines a rule as a Jest test that has a bed of its own. */
export interface Rule {
  (title: string, holds: (bed: EngineBed) => Promise<void>): void;
  /** Returns how to define a rule that only some engines can show: for the others its test is skipped. */
  when(isShown: boolean): Rule;
}

/** Defines the rules of one chapter of the contract. */
export type Chapter = (title: string, define: (rule: Rule) => void) => void;

/** Ways to define tests, and what decides which tests exist. */
export interface EngineSuite {
  readonly chapter: Chapter;
  readonly isVirtual: boolean;
  readonly finestPeriodMs: number;
  readonly many: number;
  readonly supports: EngineFeatures;
}
