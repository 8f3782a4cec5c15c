export { allOf, type Condition, type GroupConditions, listOf, runConditions } from "./conditions.js";
export {
  afterDeadline,
  asDeadline,
  asWatch,
  type DeadlineColumns,
  deadlineConditions,
  deadlineCursor,
  deadlineOrder,
  type WatchColumns,
} from "./deadlines.js";
export {
  afterLate,
  asLateTime,
  asLookback,
  LATE_ORDER,
  type LateColumns,
  type LookbackColumns,
  lateConditions,
  lateCursor,
} from "./late.js";
export { limitOf, pageOf, parseRunCursor, type RunPosition, runCursor } from "./pages.js";
export {
  claimedAsPlanned,
  claimedFirst,
  isPlainPlan,
  mayClaimAsPlanned,
  type PlannedFields,
} from "./planned-claim.js";
export { asPoolState, type NeedsCount, type PoolColumns, poolStatus, queueOfNo } from "./pools.js";
export {
  asBackfill,
  asRun,
  asSchedule,
  type BackfillColumns,
  type Flag,
  type LaneCounts,
  type RunColumns,
  type ScheduleColumns,
} from "./rows.js";
export { ANY, type RunSource, type RunSources, runPageQuery } from "./run-listing.js";
export { asShards, partOf, type ShardColumns } from "./shards.js";
export { createFacts, FACTS, migrationsOf, type SchemaStep, type SchemaSteps, schemaState } from "./steps.js";
export { asTally, type TallyRow } from "./tally.js";
export { hasTwins } from "./twins.js";
