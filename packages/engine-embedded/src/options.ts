import { parseOptions, wholeNumber } from "@tidegate/core/plugin";
import { z } from "zod";

/** Settings of the embedded engine. */
export interface EmbeddedEngineOptions {
  /** Fires due within this time are kept in memory, ms; later ones stay in the store. @default 5,000 */
  readonly horizonMs?: number;
  /** Maximum number of fires kept in memory; if there are more, the horizon shrinks. @default 100,000 */
  readonly maxQueued?: number;
  /** Maximum number of fires handed over at once. @default 1,000 */
  readonly batchSize?: number;
}

const schema = z.strictObject({
  horizonMs: wholeNumber(1, 100 * 365 * 86_400_000).default(5_000),
  maxQueued: wholeNumber(1, 100_000_000).default(100_000),
  batchSize: wholeNumber(1, 100_000).default(1_000),
} satisfies { readonly [Name in keyof EmbeddedEngineOptions]-?: z.ZodType });

/** @throws ConfigurationError CONFIGURATION_INVALID with the offending option */
export function settingsOf(options: EmbeddedEngineOptions): Required<EmbeddedEngineOptions> {
  return parseOptions("EmbeddedEngineOptions", schema, options);
}
