import { isTidegateError, type Schedule, type ScheduleClient } from "@tidegate/core";
import { z } from "zod";
import { HttpError } from "../errors/http-error.js";

const TAGS = /^ *(?:\*|(?:W\/)?"[^",]*"(?: *, *(?:W\/)?"[^",]*")*) *$/;

/** Headers of a request that may require a version. */
export const ifMatch = z.looseObject({
  "if-match": z
    .string()
    .max(1_000)
    .regex(TAGS, 'must be * or entity tags, such as "3"')
    .optional()
    .describe(
      'Only if the schedule still has this `ETag`, which is its version: `"3"`. `*`: whatever it is.',
    ),
});

/** Headers of a request that may also require that there is no schedule yet (RFC 9110, 13.1.2). */
export const ifMatchOrNone = ifMatch.extend({
  "if-none-match": z
    .literal("*", "must be *")
    .optional()
    .describe("`*`: only if the group has no schedule yet; else SCHEDULE_EXISTS."),
});

/**
 * Returns the entity tag of a schedule: the version of its definition. Counts and the watermark do not change
 * it.
 */
export function etagOf({ version }: Pick<Schedule, "version">): string {
  return `"${version}"`;
}

/**
 * Acts only if the header names the schedule's version (RFC 9110, 13.1.1).
 *
 * @param act - receives the required version; none without the header
 * @param header - as validated by `ifMatch`
 * @throws HttpError SCHEDULE_VERSION_STALE (412); ScheduleError SCHEDULE_NOT_FOUND
 */
export async function onlyIfMatch<T>(
  header: string | undefined,
  client: ScheduleClient,
  groupId: string,
  act: (version?: number) => Promise<T>,
): Promise<T> {
  if (header === undefined) return act();
  const tags = tagsOf(header);
  const schedule = await client.get(groupId);
  if (tags !== "*" && !tags.includes(etagOf(schedule))) {
    throw new HttpError(
      412,
      "SCHEDULE_VERSION_STALE",
      `Schedule ${groupId} is at version ${schedule.version}, and If-Match is ${header}. Read it again.`,
      { field: "if-match" },
    );
  }
  try {
    return await act(schedule.version);
  } catch (error) {
    if (!isTidegateError(error) || error.code !== "SCHEDULE_VERSION_STALE") throw error;
    throw new HttpError(412, error.code, error.message, { field: "if-match" });
  }
}

function tagsOf(header: string): "*" | readonly string[] {
  if (header.trim() === "*") return "*";
  // A weak tag never matches in a strong comparison.
  return header.split(",").map((tag) => tag.trim());
}
