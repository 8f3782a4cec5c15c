import { type JsonObject, OperatorError } from "@tidegate/core";
import { IANAZone } from "luxon";
import { z } from "zod";
import { invalidJob } from "./invalid-job.js";
import type { FlinkJob } from "./job.js";

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
  timeZone: z
    .string()
    .refine((name) => IANAZone.isValidZone(name), "must be an IANA time zone")
    .exactOptional(),
  onLost: z.enum(["resubmit", "hold"]).exactOptional(),
};

const repetition = z.enum(["replaces", "appends"]).exactOptional();
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
  repetition,
});

const sql = z.strictObject({ ...common, setup: statements, prepare: statements, statement, repetition });

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
    timeType: z.enum(["timestamp", "timestamp_ltz", "date", "epoch_ms", "epoch_s"]).exactOptional(),
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
    repetition,
  }),
  select: columns.exactOptional(),
});

const strings = z.record(z.string().min(1).max(200), z.string().max(2_000));

const materializedTable = z.strictObject({
  ...common,
  identifier: z.string().max(2_000),
  freshness: z.string().max(100).exactOptional(),
  partition: strings.exactOptional(),
  dynamicOptions: strings.exactOptional(),
  sessionConfiguration: configuration
    .refine((given) => !("table.local-time-zone" in given), "must leave the time zone to timeZone")
    .exactOptional(),
  setup: statements,
});

const KINDS = { jar, sql, sync, materializedTable } as const;

/** Keys that would reach an object's prototype once the JSON is merged somewhere downstream. */
const FORBIDDEN_KEYS = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Validates a schedule's `job` by itself.
 *
 * @throws OperatorError JOB_INVALID with the first offending field, such as `job.sql.statement`
 */
export function parseJob(input: JsonObject): FlinkJob {
  refuseForbiddenKeys(input, "job");
  const keys = Object.keys(input);
  const [kind] = keys;
  if (keys.length !== 1 || kind === undefined || !Object.hasOwn(KINDS, kind)) {
    throw new OperatorError(
      "JOB_INVALID",
      "job: must have exactly one of jar, sql, sync and materializedTable.",
      {
        field: "job",
      },
    );
  }
  const parsed = KINDS[kind as keyof typeof KINDS].safeParse(input[kind]);
  if (parsed.success) return { [kind]: parsed.data } as unknown as FlinkJob;
  const issue = parsed.error.issues[0]!;
  const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0] ?? ""] : issue.path;
  throw invalidJob(["job", kind, ...path].map(String).join("."), issue.message);
}

/** Returns whether the operator sets this option itself. */
function isOwn(name: string): boolean {
  return name.startsWith("$internal.") || name === "execution.runtime-mode" || name === "execution.target";
}

function refuseForbiddenKeys(value: unknown, field: string): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    if (FORBIDDEN_KEYS.has(key)) throw invalidJob(`${field}.${key}`, "this key is not allowed");
    refuseForbiddenKeys(child, `${field}.${key}`);
  }
}
