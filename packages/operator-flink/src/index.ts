export type { Rerun, Secret } from "@tidegate/operator-kit";
export { createFlinkOperator } from "./flink-operator.js";
export type {
  CommonJob,
  FlinkJob,
  JarJob,
  MaterializedTableJob,
  SqlJob,
  SyncJob,
  SyncSink,
  SyncSource,
  SyncTable,
} from "./job/job.js";
export {
  type Freshness,
  type FreshnessUnit,
  freshnessOfCron,
  freshnessText,
  parseFreshness,
  type RefreshMode,
  refreshModeOfFreshness,
  triggerOfFreshness,
} from "./materialized-table/freshness.js";
export { parseIdentifier, type TablePath } from "./materialized-table/identifier.js";
export { flinkOperator } from "./module.js";
export type { FlinkOperatorOptions } from "./options.js";
export type {
  Connectors,
  PositionConnector,
  Problem,
  SinkConnector,
  SinkWriting,
  SourceConnector,
  SourceReading,
} from "./sync/connector.js";
export { byKey } from "./sync/sinks.js";
export { byPredicate } from "./sync/sources.js";
