import type { Settings } from "../options.js";
import type { Turns } from "./turns.js";

/** What is around a job. */
export interface Surroundings {
  readonly settings: Settings;
  /** For what jobs of one target do one after the other. */
  readonly turns: Turns;
  readonly signal: AbortSignal;
}
