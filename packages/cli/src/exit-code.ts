/** Exit codes of the command. They never change their meaning. */
export const EXIT_CODES = {
  done: 0,
  failed: 1,
  /** The command line, a file or a value is malformed. */
  usage: 2,
  notFound: 3,
  /** The state of a schedule or a run does not allow it, or it was changed meanwhile. */
  conflict: 4,
  /** The manager or the store does not answer. */
  away: 5,
  /** The question was answered in the negative: an audit is incomplete, a file differs. */
  negative: 6,
  interrupted: 130,
} as const;

/** An exit code of the command. */
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

/** A failure that the command reports without a code of Tidegate's. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(message: string, exitCode: ExitCode = EXIT_CODES.usage) {
    super(message);
    this.name = "CommandError";
    this.exitCode = exitCode;
  }
}

const CONFLICT = [
  "SCHEDULE_EXISTS",
  "SCHEDULE_VERSION_STALE",
  "SCHEDULE_STATUS_ILLEGAL",
  "SCHEDULE_UNREADABLE",
  "RUN_STATE_ILLEGAL",
  "INTERVAL_OPEN",
  "INTERVAL_DEFERRED",
  "DEPENDENCY_CYCLE",
  "DEPENDED_ON",
  "PLAN_OUTDATED",
  "POOL_IN_USE",
  "SEALED",
];
const AWAY = ["NOT_FOUND", "METHOD_NOT_ALLOWED", "ANSWER_UNEXPECTED", "NOT_RUNNING", "INTERNAL"];
const USAGE = ["CONFIGURATION_INVALID", "INTERVAL_NOT_ALIGNED", "TRIGGER_EXHAUSTED"];

/** Returns the exit code of a failure. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CommandError) return error.exitCode;
  const { code } = error as { readonly code?: unknown };
  if (typeof code !== "string") return EXIT_CODES.failed;
  if (/^(SCHEDULE|RUN|POOL)_NOT_FOUND$/.test(code)) return EXIT_CODES.notFound;
  if (CONFLICT.includes(code)) return EXIT_CODES.conflict;
  if (AWAY.includes(code) || /^(STORE|MANAGER)_/.test(code)) return EXIT_CODES.away;
  return USAGE.includes(code) || /_(INVALID|UNKNOWN)$/.test(code) ? EXIT_CODES.usage : EXIT_CODES.failed;
}
