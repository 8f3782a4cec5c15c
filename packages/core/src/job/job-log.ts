/** Lines that a job has logged. */
export interface JobLog {
  /**
   * The lines, oldest first, as they are: they are shown as plain text. They have no line breaks, and no secrets.
   * Longer ones than 8,000 characters are cut.
   */
  readonly lines: readonly string[];
  /** How many lines the job has logged before these, whether they are kept or not. @default 0 */
  readonly first?: number;
}

/** Most that is kept of the log of an attempt, bytes of UTF-8; older lines are dropped. */
export const LOG_BYTES = 256 * 1_024;

/** Longest line of a log, characters; the rest of it is cut off. */
export const LONGEST_LINE = 8_000;

/** Returns the last lines of a log, as many as are kept. */
export function boundedLog({ lines, first = 0 }: JobLog): Required<JobLog> {
  const kept: string[] = [];
  let bytes = 0;
  for (let n = lines.length - 1; n >= 0; n -= 1) {
    const line = boundedLine(lines[n]!);
    bytes += bytesOfLine(line);
    if (bytes > LOG_BYTES) break;
    kept.push(line);
  }
  return { lines: kept.reverse(), first: first + lines.length - kept.length };
}

/** Returns the lines of a log from number `after` on. */
export function logAfter({ lines, first = 0 }: JobLog, after: number): Required<JobLog> {
  const known = Math.min(Math.max(0, after - first), lines.length);
  return { lines: lines.slice(known), first: first + known };
}

/** Returns how much of `LOG_BYTES` a line takes, with its end. */
export function bytesOfLine(line: string): number {
  return Buffer.byteLength(line) + 1;
}

/** Returns a line with its breaks as spaces, cut to what a log keeps. */
export function boundedLine(line: string): string {
  const flat = /[\r\n]/.test(line) ? line.replaceAll(/\r\n|\r|\n/g, " ") : line;
  if (flat.length <= LONGEST_LINE) return flat;
  const note = ` … (${flat.length} characters in all)`;
  return flat.slice(0, LONGEST_LINE - note.length) + note;
}
