import type { EngineBed } from "./bed.js";
import type { EngineFeatures } from "./fixture.js";

/** The bed of the running test, and what decides which tests exist. */
export interface EngineSuite {
  readonly bed: () => EngineBed;
  readonly isVirtual: boolean;
  readonly finestPeriodMs: number;
  readonly many: number;
  readonly supports: EngineFeatures;
}
