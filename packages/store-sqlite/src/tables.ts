import type { GroupNumbers } from "./group-numbers.js";
import type { Lanes } from "./lanes.js";
import type { Statements } from "./statements.js";

/** What reads and writes work on. */
export interface Tables {
  readonly statements: Statements;
  readonly groups: GroupNumbers;
  readonly lanes: Lanes;
}
