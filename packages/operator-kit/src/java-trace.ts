/** The longest cause that the ledger keeps. */
const MAX_LENGTH = 500;

/**
 * The longest cause that is read: secrets are redacted before it is shortened, so that no part of one is
 * left.
 */
const MAX_READ = 5_000;

/** `org.apache.SomeException: what it says`, after `Caused by:` or at the start of a line. */
const THROWN = /^(?:Caused by: )?(?:[\w$]+\.)+([\w$]+(?:Exception|Error|Throwable))(?::[ \t]*(.*))?$/s;

/** A stack line, or a line that Flink writes before and after a trace. */
const NO_MESSAGE = /^\s+at |^\s*\.\.\. \d+ |^<Exception on server side:|^End of exception on server side>/;

/** The exceptions of a system that say little about a failure. */
export interface TraceHabits {
  /** Names of exceptions whose messages say less than those of their callers, such as those of a parser. */
  readonly lessTelling?: ReadonlySet<string>;
  /** Names of wrappers of any failure, which do not say where it happened. */
  readonly wrappers?: ReadonlySet<string>;
  /** The exception that says where a failure happened: the one around its cause, or the outermost. @default "nearest" */
  readonly context?: "nearest" | "outermost";
}

/** Wrappers of any failure in every Java program. */
const WRAPPERS: ReadonlySet<string> = new Set(["CompletionException", "ExecutionException"]);

interface Thrown {
  readonly name: string;
  /** All of its lines joined. */
  readonly message: string;
  readonly firstLine: string;
}

/**
 * Returns the innermost cause in a Java stack trace, on one line, and its context if that adds something:
 * `DateTimeParseException: Text '0' could not be parsed; in RuntimeException: Fail to deserialize at field:
 * sold_at.` No stack lines and no package names. `undefined` if the text has no exception.
 */
export function causeIn(
  trace: string,
  { lessTelling, wrappers, context }: TraceHabits = {},
): string | undefined {
  const causes = thrownIn(trace);
  const telling = causes.filter(({ name, message }) => message !== "" && lessTelling?.has(name) !== true);
  const cause = telling.at(-1) ?? causes.at(-1);
  if (cause === undefined) return undefined;
  const told = cause.message === "" ? cause.name : `${cause.name}: ${cause.message}`;
  const around = telling.length < 2 ? undefined : telling.at(context === "outermost" ? 0 : -2);
  const isWrapper = around === undefined || WRAPPERS.has(around.name) || wrappers?.has(around.name) === true;
  return `${told}${isWrapper ? "" : placeOf(cause, around)}`.slice(0, MAX_READ);
}

/** Shortens a redacted cause to the length that the ledger keeps. */
export function shortenedCause(cause: string): string {
  return cause.length <= MAX_LENGTH ? cause : `${cause.slice(0, MAX_LENGTH)}…`;
}

/** Returns the context of a cause, unless one repeats the other. */
function placeOf(cause: Thrown, around: Thrown): string {
  if (cause.message === "") return "";
  const { name, message, firstLine } = around;
  const isRepeated = message.includes(cause.message) || cause.message.includes(firstLine);
  return isRepeated ? "" : `; in ${name}: ${firstLine}`;
}

/**
 * Returns the exceptions, outermost first. A message may have several lines: the names of missing options
 * follow the line that says some are missing.
 */
function thrownIn(trace: string): Thrown[] {
  const all: { name: string; lines: string[] }[] = [];
  let isMessage = false;
  for (const line of trace.split("\n")) {
    const [, name, first = ""] = THROWN.exec(line.trim()) ?? [];
    if (name !== undefined) all.push({ name, lines: [first] });
    else if (NO_MESSAGE.test(line)) isMessage = false;
    else if (isMessage) all.at(-1)?.lines.push(line);
    isMessage ||= name !== undefined;
  }
  return all.map(({ name, lines }) => ({
    name,
    message: oneLine(lines),
    firstLine: oneLine(lines.slice(0, 1)),
  }));
}

function oneLine(lines: readonly string[]): string {
  return lines
    .map((line) => line.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").trim())
    .filter((line) => line !== "")
    .join(" ");
}
