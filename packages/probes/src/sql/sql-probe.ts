import { parseOptions } from "@tidegate/core/plugin";
import type { ProbeAnswer, ReadinessProbe } from "@tidegate/core/probe";
import { oneLine } from "@tidegate/rest-client";
import { z } from "zod";
import { defineProbe } from "../kit/define-probe.js";
import { instantIn } from "../kit/instant-in.js";
import { filled, template } from "../kit/template.js";

/** A database that `sqlProbe` asks. */
export interface SqlDatabase {
  /**
   * Runs one query and returns its rows as objects. Should not be able to write: whoever registers schedules
   * writes the queries.
   *
   * @param signal - aborted when the answer is no longer wanted
   */
  query(sql: string, signal: AbortSignal): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Closes it. */
  close?(): Promise<void> | void;
}

/** Options of `sqlProbe`. */
export interface SqlProbeOptions {
  /** The databases that may be asked, by the names that schedules use. */
  readonly databases: Readonly<Record<string, SqlDatabase>>;
}

const database = z.custom<SqlDatabase>(
  (value) => typeof (value as { query?: unknown } | null)?.query === "function",
  "must have a function query",
);

const name = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, "must be 1 to 64 of letters, digits and _ . -");

const optionsSchema = z.strictObject({
  databases: z.record(name, database).refine((all) => Object.keys(all).length > 0, "must name at least one"),
});

const specSchema = z.strictObject({ database: name.optional(), query: template });

type Spec = z.output<typeof specSchema>;

/**
 * Returns the probe `sql`: a query says that the interval is complete. An entry of `ready`:
 *
 * - `database`: its name in the options. Default: the only one;
 * - `query`: a query of one value, with placeholders of the interval:
 *   `SELECT count(*) = 24 FROM loads WHERE day = '{{lower.date}}'`.
 *
 * `true` means ready, `false` not. An instant (a `Date`, epoch ms, or ISO 8601 with an offset) is the source's
 * watermark, and answers for all intervals at once. `null`, and no row, mean "not yet". Anything else is an
 * error.
 *
 * ```ts
 * sqlProbe({ databases: { warehouse: { query: async (sql) => (await pool.query(sql)).rows } } });
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID
 */
export function sqlProbe(options: SqlProbeOptions): ReadinessProbe {
  const { databases } = parseOptions("SqlProbeOptions", optionsSchema, options);
  const names = Object.keys(databases);
  const databaseOf = ({ database = names.length === 1 ? names[0]! : "" }: Spec): SqlDatabase | undefined =>
    Object.hasOwn(databases, database) ? databases[database] : undefined;
  return defineProbe<Spec>({
    type: "sql",
    specSchema: (specSchema as z.ZodType<Spec>).refine((spec) => databaseOf(spec) !== undefined, {
      message: `must be one of ${names.join(", ")}`,
      path: ["database"],
    }),
    stop: async () => {
      await Promise.all(Object.values(databases).map((each) => each.close?.()));
    },
    check: async (call, { signal }) => {
      const rows = await databaseOf(call.spec)!.query(filled(call.spec.query, call), signal);
      return judged(rows, call.interval.upper);
    },
  });
}

function judged(rows: readonly Readonly<Record<string, unknown>>[], upper: number): ProbeAnswer {
  // Drivers return something else for several statements.
  if (!Array.isArray(rows)) throw new Error("the query has not returned rows: it must be one statement");
  if (rows.length > 1) throw new Error(`the query has ${rows.length} rows, not one`);
  const columns = Object.keys(rows[0] ?? {});
  if (columns.length > 1) throw new Error(`the query has ${columns.length} columns, not one`);
  const value = rows[0]?.[columns[0] ?? ""] ?? null;
  if (value === null) return { isReady: false, detail: "the query has no value" };
  if (typeof value === "boolean") return { isReady: value, detail: `the query says ${value}` };
  const readyThrough = instantIn(value instanceof Date ? value.getTime() : value);
  if (readyThrough === undefined)
    throw new Error(
      `the value of the query is neither a boolean nor an instant: ${oneLine(String(value), 50)}`,
    );
  const detail = `the query says ${new Date(readyThrough).toISOString()}`;
  return { isReady: upper <= readyThrough, detail, readyThrough };
}
