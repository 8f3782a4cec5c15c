export { createDuckdbOperator } from "./duckdb-operator.js";
export { COLUMN_TYPES } from "./job/column-type.js";
export type {
  CsvOptions,
  CsvSource,
  DuckdbJob,
  EventTime,
  FileSource,
  FilesSource,
  JsonSource,
  ParquetSource,
  ParquetTarget,
  PostgresSource,
  PostgresTable,
  PostgresTarget,
  ReplacingTarget,
  Source,
  Target,
  TextSource,
  TimeUnit,
  UpsertingTarget,
  WrittenTable,
} from "./job/job.js";
export { duckdbOperator } from "./module.js";
export type { DuckdbOperatorOptions } from "./options.js";
export { ENCODINGS, type Encoding } from "./prepare/encoding.js";
