export type { SourceDatabase } from "./database/source-database.js";
export { createDuckdbOperator } from "./duckdb-operator.js";
export { COLUMN_TYPES } from "./job/column-type.js";
export type {
  ChangesSource,
  CsvOptions,
  CsvSource,
  DatabaseSource,
  DuckdbJob,
  EventTime,
  FileSource,
  FilesSource,
  JsonSource,
  ParquetSource,
  ParquetTarget,
  PostgresSource,
  PostgresSplit,
  PostgresTable,
  PostgresTarget,
  ReplacingTarget,
  Source,
  TableSource,
  TableSplit,
  Target,
  TextSource,
  TimeUnit,
  UpsertingTarget,
  WrittenTable,
} from "./job/job.js";
export { duckdbOperator } from "./module.js";
export type { DuckdbOperatorOptions } from "./options.js";
export { ENCODINGS, type Encoding } from "./prepare/encoding.js";
