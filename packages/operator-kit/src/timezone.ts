import { z } from "zod";

/** Schema of the field `timezone` of a job: an IANA time zone. */
export const timezoneSchema = z
  .string()
  .refine(isTimezone, "must be an IANA time zone")
  .meta({ description: "The IANA time zone of dates and of timestamps without one." });

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
