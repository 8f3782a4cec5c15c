import type { EpochMs } from "../clock/clock.js";
import { LedgerError } from "../errors/errors.js";
import { type Instant, readInstant } from "../schedule/instant.js";

/** Most characters of a note. */
export const MAX_NOTE = 2_000;

/** Returns the error with which a field of a request to the ledger is refused. */
export function invalidInput(field: string, problem: string): LedgerError {
  return new LedgerError("INTERVAL_INVALID", `${field}: ${problem}.`, { field });
}

/** Returns an instant in epoch ms. @throws LedgerError INTERVAL_INVALID with the field */
export function instantOf(value: Instant, field: string): EpochMs {
  const read = readInstant(value);
  if ("at" in read) return read.at;
  throw invalidInput(field, read.problem);
}

/** Refuses a note that is no text or too long. @throws LedgerError INTERVAL_INVALID */
export function checkNote(note: unknown): void {
  if (typeof note !== "string" || note.length > MAX_NOTE)
    throw invalidInput("note", `must be a text of at most ${MAX_NOTE} characters`);
}
