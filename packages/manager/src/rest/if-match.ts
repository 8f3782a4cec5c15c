import { isTidegateError, type Schedule, type ScheduleClient } from "@tidegate/core";
import { z } from "zod";
import { HttpError } from "../errors/http-error.js";

const TAGS = /^ *(?:\*|(?:W\/)?"[^",]*"(?: *, *(?:W\/)?"[^",]*")*) *$/;

/** Headers of a request that may ask for a version. */
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

/** The entity tag of a schedule: the version of its definition. Counts and the watermark move without it. */
export function etagOf({ version }: Pick<Schedule, "version">): string {
  return `"${version}"`;
}

/**
 * Acts only if a schedule has a version that the header names (RFC 9110, 13.1.1).
 *
 * @param act - gets the version that it must find; none without the header
 * @param header - as `ifMatch` has checked it
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
  // A weak tag never matches, as in a strong comparison.
  return header.split(",").map((tag) => tag.trim());
}
