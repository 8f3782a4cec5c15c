import { z } from "zod";
import { defaulted } from "../shape/field.js";

/** The schema of a pool's name. */
export const poolName = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}$/, "must be 1 to 64 of letters, digits and _ . -")
  .describe("Name of the pool: 1 to 64 letters, digits and `_ . -`.");

const slots = z.number().int().min(1).max(100_000);

/** The schema of a `PoolInfo`; fills in the defaults. */
export const poolInfoSchema = z.strictObject({
  name: poolName,
  slots: slots.describe("How many slots it has, 1 to 100,000."),
  perSecond: defaulted(
    z.number().min(0.001).max(1_000_000).nullable(),
    "Most runs that begin in a second, on average. `null`: no limit.",
    null,
    "no limit",
  ),
  backfillShare: defaulted(
    z.number().min(0.001).max(1),
    "The share of its slots that backlogs may use while runs that are on time wait, above 0 up to 1.",
    0.5,
  ),
  reserveAfterMs: defaulted(
    z.number().int().min(0).max(86_400_000),
    "How long a run waits, ms, until slots that become free are kept for it.",
    30_000,
  ),
});

/** The schema of `ScheduleInfo.pool`. */
export const poolUseSchema = z.union(
  [
    poolName,
    z
      .array(z.strictObject({ name: poolName, slots: slots.describe("How many slots a run takes.") }))
      .min(1)
      .max(8)
      .refine(areDistinct, "each pool once")
      .readonly(),
  ],
  {
    error:
      'must be the name of a pool, or 1 to 8 of { name, slots }, such as [{ name: "warehouse", slots: 2 }]',
  },
);

/** The schema of a `PoolStatus`. */
export const poolStatusSchema = z
  .object({
    name: poolName,
    slots: slots.describe("How many slots it has."),
    perSecond: z.number().nullable().describe("Most runs that begin in a second; `null` for no limit."),
    backfillShare: z.number().describe("The share of its slots for backlogs while others wait."),
    reserveAfterMs: z.int().describe("How long a run waits until slots are kept for it, ms."),
    used: z.int().describe("Slots of active runs."),
    activeRuns: z.int().describe("Active runs."),
    waitingRuns: z.int().describe("Runs that are ready and wait for slots or for their turn."),
  })
  .meta({ id: "PoolStatus", description: "A pool and how much of it is in use." });

function areDistinct(uses: readonly { readonly name: string }[]): boolean {
  return new Set(uses.map(({ name }) => name)).size === uses.length;
}
