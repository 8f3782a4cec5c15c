export { createDuckdbOperator } from "./duckdb-operator.js";
export { COLUMN_TYPES } from "./job/column-type.js";
export type {
  CsvOptions,
  CsvSource,
  DuckdbJob,
  JsonSource,
  ParquetSource,
  Source,
  Target,
  TimeUnit,
} from "./job/job.js";
export { duckdbOperator } from "./module.js";
export type { DuckdbOperatorOptions } from "./options.js";
