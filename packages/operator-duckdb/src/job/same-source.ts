import { resolve } from "node:path";
import type { OffsetSource } from "@tidegate/core/offset";
import { invalidJob } from "@tidegate/operator-kit";
import { type DuckdbJob, isChanges, isFiles, type Source } from "./job.js";
import { folderOf, patternOf } from "./positional.js";

/** A field of a job beside the one of the schedule's source that it has to agree with. */
interface Pair {
  readonly field: string;
  readonly own: string | undefined;
  readonly planned: string;
  readonly plannedValue: unknown;
}

/**
 * Checks that a job reads the source whose positions are planned. What the schedule's source leaves to its provider,
 * such as the only database, cannot be compared.
 *
 * @throws OperatorError JOB_INVALID with the field of the job that differs
 */
export function requireSameSource({ source: own }: DuckdbJob, source: OffsetSource): void {
  const pairs = own === undefined ? undefined : pairsOf(own, source);
  if (pairs === undefined) throw unreadable(source);
  for (const { field, own: value, planned, plannedValue } of pairs) {
    if (plannedValue === undefined || value === plannedValue) continue;
    throw invalidJob(
      `job.source.${field}`,
      `is ${JSON.stringify(value)}, but the positions are those of ${planned} ${JSON.stringify(plannedValue)}`,
    );
  }
  if (own !== undefined && isFiles(own)) requireFolder(folderOf(own), String(source.path));
}

/** Returns the fields to compare; `undefined` if the positions of the source are not those of the job's. */
function pairsOf(
  own: Source,
  { type, database, table, column, slot, publication, pattern = "*" }: OffsetSource,
) {
  const pair = (field: string, value: string | undefined, planned: string, plannedValue: unknown): Pair => ({
    field,
    own: value,
    planned: `source.${planned}`,
    plannedValue,
  });
  if (type === "sql-cursor" && own.format === "database")
    return [
      pair("database", own.database, "database", database),
      pair("table", own.table, "table", table),
      pair("cursorColumn", own.cursorColumn, "column", column),
    ];
  if (type === "postgres" && own.format === "postgres")
    return [
      pair("connection", own.connection, "database", database),
      pair("table", own.schema === undefined ? own.table : `${own.schema}.${own.table}`, "table", table),
      pair("cursorColumn", own.cursorColumn, "column", column),
    ];
  if (type === "postgres-slot" && isChanges(own))
    return [
      pair("connection", own.connection, "database", database),
      pair("slot", own.slot, "slot", slot),
      pair("publication", own.publication, "publication", publication),
    ];
  if (type === "files" && isFiles(own)) return [pair("path", patternOf(own), "pattern", pattern)];
  return undefined;
}

/** The provider's root is not known here, only the folder below it. */
function requireFolder(folder: string, planned: string): void {
  const [own, below] = [segmentsOf(resolve(folder)), segmentsOf(planned)];
  const end = own.slice(own.length - below.length);
  if (own.length >= below.length && below.every((segment, index) => segment === end[index])) return;
  throw invalidJob(
    "job.source.path",
    `is in ${JSON.stringify(folder)}, but the positions are those of source.path ${JSON.stringify(planned)}`,
  );
}

function segmentsOf(path: string): readonly string[] {
  return path.split(/[\\/]/).filter((segment) => segment !== "" && segment !== ".");
}

function unreadable({ type }: OffsetSource) {
  const formats: Readonly<Record<string, string>> = {
    "sql-cursor": 'must be "database"',
    postgres: 'must be "postgres"',
    "postgres-slot": 'must be "postgres-changes"',
    files: "must be csv, json or parquet",
  };
  const problem = formats[type] ?? "there is none";
  return invalidJob(
    "job.source.format",
    `${problem} for positions of a source of type ${JSON.stringify(type)}`,
  );
}
