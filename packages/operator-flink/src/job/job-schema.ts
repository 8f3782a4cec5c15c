import { rerunSchema, timezoneSchema } from "@tidegate/operator-kit";
import { z } from "zod";
import type { FlinkJob, JarJob, MaterializedTableJob, SqlJob, SyncJob } from "./job.js";

const MAX_STATEMENT = 100_000;
const MAX_ENTRIES = 1_000;

const configuration = z
  .record(z.string().min(1).max(200), z.string().max(2_000))
  .refine((given) => !Object.keys(given).some(isOwn), "must not set the job's id, its mode or its target");

const columns = z
  .record(z.string().min(1).max(200), z.string().min(1).max(2_000))
  .refine((given) => Object.keys(given).length > 0, "must name at least one column");

const common = {
  flinkConfiguration: configuration.exactOptional(),
  timezone: timezoneSchema.exactOptional(),
  onLost: z.enum(["resubmit", "hold"]).exactOptional(),
};

const rerun = rerunSchema.exactOptional();
const statement = z.string().min(1).max(MAX_STATEMENT);
const statements = z.array(statement).max(MAX_ENTRIES).exactOptional();

const jar = z.strictObject({
  ...common,
  path: z.string().min(1).max(4_096),
  entryClass: z
    .string()
    .regex(/^[\p{L}_$][\p{L}\p{N}_$.]*$/u, "must be the name of a class")
    .exactOptional(),
  programArgs: z.array(z.string().max(10_000)).max(MAX_ENTRIES).exactOptional(),
  parallelism: z.number().int().min(1).max(32_768).exactOptional(),
  rerun,
}) satisfies z.ZodType<JarJob>;

const sql = z.strictObject({
  ...common,
  setup: statements,
  prepare: statements,
  statement,
  rerun,
}) satisfies z.ZodType<SqlJob>;

const table = {
  connector: z.string().regex(/^[A-Za-z0-9_.-]{1,100}$/, "must be the name of a connector"),
  options: z
    .record(z.string().min(1).max(200), z.string().max(10_000))
    .refine((given) => !("connector" in given), "must not name the connector again")
    .exactOptional(),
};

const sync = z.strictObject({
  ...common,
  source: z.strictObject({
    ...table,
    columns,
    timeColumn: z.string().min(1).max(200).exactOptional(),
    cursorColumn: z.string().min(1).max(200).exactOptional(),
    timeType: z.enum(["timestamp", "timestamptz", "date", "epochMs", "epochS"]).exactOptional(),
  }),
  sink: z.strictObject({
    ...table,
    columns: columns.exactOptional(),
    primaryKey: z.array(z.string().min(1)).min(1).exactOptional(),
    folder: z
      .string()
      .max(500)
      .regex(/^(?!.*\.\.)[^/'].*$/, "must be a folder below the sink's path")
      .exactOptional(),
    rerun,
  }),
  select: columns.exactOptional(),
}) satisfies z.ZodType<SyncJob>;

const strings = z.record(z.string().min(1).max(200), z.string().max(2_000));

const materializedTable = z.strictObject({
  ...common,
  identifier: z.string().max(2_000),
  freshness: z.string().max(100).exactOptional(),
  partition: strings.exactOptional(),
  dynamicOptions: strings.exactOptional(),
  sessionConfiguration: configuration
    .refine((given) => !("table.local-time-zone" in given), "must leave the time zone to timezone")
    .exactOptional(),
  setup: statements,
}) satisfies z.ZodType<MaterializedTableJob>;

/** Schema of a schedule's `job`: one of four kinds, distinguished by its field. */
export const jobSchema = z
  .strictObject({
    jar: jar.exactOptional(),
    sql: sql.exactOptional(),
    sync: sync.exactOptional(),
    materializedTable: materializedTable.exactOptional(),
  })
  .refine(
    (given) => Object.keys(given).length === 1,
    "must have exactly one of jar, sql, sync and materializedTable",
  )
  .meta({ minProperties: 1, maxProperties: 1 }) as unknown as z.ZodType<FlinkJob>;

/** Returns whether the operator sets this option itself. */
function isOwn(name: string): boolean {
  return name.startsWith("$internal.") || name === "execution.runtime-mode" || name === "execution.target";
}
