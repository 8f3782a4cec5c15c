import { createHash } from "node:crypto";

/**
 * Returns a short hash of a definition's text, by which an engine detects manual edits in the scheduler.
 *
 * @returns 12 lower-case hex digits of the text's SHA-256
 */
export function contentHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
