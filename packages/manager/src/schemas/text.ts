import { z } from "zod";

// Written so that generators in other languages can read them: not all know `\p{Cc}`.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
const LINE = /^[^\u0000-\u001f\u007f]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
const LINES = /^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
const LABEL = /^[^=\u0000-\u001f\u007f]+=[^\u0000-\u001f\u007f]*$/;

/**
 * Returns the schema of a one-line text: no name has control characters, and stores treat them differently.
 */
export function line(maxLength: number) {
  return z.string().max(maxLength).regex(LINE, "must not contain control characters");
}

/** Returns the schema of a multi-line text for people. */
export function note(maxLength: number) {
  return z.string().max(maxLength).regex(LINES, "must not contain control characters");
}

/** A label in a query. */
export const labelText = z.string().max(320).regex(LABEL, "must be name=value");

/** Returns the schema of a whole number in a query, written in digits. */
export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  const read = (value: unknown) =>
    typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return z.preprocess(read, z.int({ error }).min(min, { error }).max(max, { error }));
}

/** The id of a backfill, or of a request to re-run an interval. */
export const requestId = line(200).min(1);

/** The id of a run. */
export const runIdText = line(64).min(1).describe("Id of a run: 32 lower-case hex digits.");
