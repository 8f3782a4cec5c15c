import { z } from "zod";
import { wholeNumber } from "../options/option-schemas.js";
import { parseOptions } from "../options/parse-options.js";
import { poolInfoSchema } from "../pool/schema.js";
import type { TidegateSettings } from "./tokens.js";

/** A schema for each field, so that no new setting goes unchecked. */
type Fields<T> = { readonly [Name in keyof Required<T>]: z.ZodType };

const name = z.string().min(1).max(200).optional();
/** The clock accepts waits of any length; a century is as good as never. */
const LONGEST_MS = 100 * 365 * 86_400_000;

const period = wholeNumber(1, LONGEST_MS).optional();

const dispatcher = {
  maxConcurrentRuns: wholeNumber(1, 1_000_000).optional(),
  leaseMs: period,
  pollMs: period,
  drainMs: wholeNumber(0, LONGEST_MS).optional(),
} satisfies Fields<NonNullable<TidegateSettings["dispatcher"]>>;

const readiness = {
  concurrency: wholeNumber(1, 10_000).optional(),
  timeoutMs: period,
} satisfies Fields<NonNullable<TidegateSettings["readiness"]>>;

const settingsSchema = z.strictObject({
  namespace: name,
  owner: name,
  dispatcher: z.strictObject(dispatcher).optional(),
  reconcileEveryMs: period,
  onEngineDrift: z.enum(["mend", "report"]).optional(),
  watchdogEveryMs: period,
  backfillEveryMs: period,
  restateSettleMs: wholeNumber(0, LONGEST_MS).optional(),
  gateTimeoutMs: period,
  sourceTimeoutMs: period,
  pools: z.record(poolInfoSchema.shape.name, poolInfoSchema.omit({ name: true })).optional(),
  readiness: z.strictObject(readiness).optional(),
  maxClockSkewMs: period,
  refuseClockSkewMs: period,
} satisfies Fields<TidegateSettings>);

/**
 * Checks the settings of a Tidegate instance; refuses unknown names.
 *
 * @throws ConfigurationError CONFIGURATION_INVALID with the path of the first offending setting
 */
export function checkSettings(settings: TidegateSettings): void {
  parseOptions("TidegateSettings", settingsSchema, settings);
}
