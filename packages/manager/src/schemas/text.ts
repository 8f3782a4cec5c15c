import { z } from "zod";

/** Text of one line: control characters are in no name, and stores differ in what they make of them. */
export function line(maxLength: number) {
  return z
    .string()
    .max(maxLength)
    .regex(/^\P{Cc}*$/u, "must not contain control characters");
}

/** Text of several lines for people. */
export function note(maxLength: number) {
  return z
    .string()
    .max(maxLength)
    .regex(/^[\P{Cc}\t\r\n]*$/u, "must not contain control characters");
}

/** A whole number in a query, where it is written in digits. */
export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  const read = (value: unknown) =>
    typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return z.preprocess(read, z.int({ error }).min(min, { error }).max(max, { error }));
}

/** The id of a backfill, or of a request to run an interval again. */
export const requestId = line(200).min(1);

/** The id of a run. */
export const runIdText = line(64).min(1).describe("Id of a run: 32 lower-case hex digits.");
