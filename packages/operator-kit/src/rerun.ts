import type { WriteEffect } from "@tidegate/core/operator";
import { z } from "zod";

/**
 * Effect of a second job of an interval on the rows of the first: it replaces them, updates those of the same keys, or
 * appends its own.
 */
export type Rerun = z.infer<typeof rerunSchema>;

/** Schema of the field `rerun` of a job. */
export const rerunSchema = z.enum(["replaces", "upserts", "appends"]).meta({
  description:
    "Effect of a second job of an interval: it replaces the rows of the first, updates those of the same keys, or appends its own.",
});

const EFFECTS = { replaces: "replace", upserts: "upsert", appends: "append" } as const;

/** Returns how a job writes whose `rerun` has this value. */
export function writeEffectOf(value: Rerun | undefined): WriteEffect | undefined {
  return value === undefined ? undefined : EFFECTS[value];
}

/** Returns the note on a job that doubles rows. @param field - such as `job.rerun` */
export function rerunNotes(field: string, value: Rerun | undefined): string[] {
  if (value !== "appends") return [];
  return [`${field} is "appends": an interval that is run again has its rows twice.`];
}
