import type { GroupNumbers } from "./group-numbers.js";
import type { GroupStates } from "./group-states.js";
import type { HeldRows } from "./held-rows.js";
import type { Inputs } from "./inputs.js";
import type { Lanes } from "./lanes.js";
import type { Pools } from "./pools.js";
import type { Sleepers } from "./sleepers.js";
import type { Statements } from "./statements.js";

/** The objects that reads and writes use. */
export interface Tables {
  readonly statements: Statements;
  readonly groups: GroupNumbers;
  readonly states: GroupStates;
  readonly lanes: Lanes;
  readonly held: HeldRows;
  readonly sleepers: Sleepers;
  readonly pools: Pools;
  readonly inputs: Inputs;
}
