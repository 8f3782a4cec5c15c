import type { Settings } from "../options.js";
import type { Connections } from "../postgres/connections.js";
import type { HeldSnapshots } from "../postgres/held-snapshots.js";
import type { Turns } from "./turns.js";

/** Dependencies of a job. */
export interface Surroundings {
  readonly settings: Settings;
  /** Serializes what jobs of the same target do. */
  readonly turns: Turns;
  readonly connections: Connections;
  readonly snapshots: HeldSnapshots;
  readonly signal: AbortSignal;
  /** Adds a text to the log of the job. It shows no more of the data than errors do. */
  readonly log: (text: string) => void;
}
