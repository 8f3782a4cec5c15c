/** The longest cause that the ledger keeps. */
const MAX_LENGTH = 500;

/**
 * The longest cause that is read: secrets are redacted before it is shortened, so that no part of one is
 * left.
 */
const MAX_READ = 5_000;

/** `org.apache.flink.SomeException: what it says`, after `Caused by:` or at the start of a line. */
const THROWN = /^(?:Caused by: )?(?:[\w$]+\.)+([\w$]+(?:Exception|Error|Throwable))(?::[ \t]*(.*))?$/s;

/** A stack line, or what Flink writes before and after a trace. */
const NO_MESSAGE = /^\s+at |^\s*\.\.\. \d+ |^<Exception on server side:|^End of exception on server side>/;

/**
 * Exceptions of parsers and validators, whose messages say less than those of their callers, which know the
 * position.
 */
const LESS_TELLING: ReadonlySet<string> = new Set([
  "CalciteException",
  "CalciteContextException",
  "ClassNotFoundException",
  "ParseException",
  "SqlParseException",
  "SqlValidatorException",
]);

/** Wrappers of any failure, which do not say where it happened. */
const FRAMES: ReadonlySet<string> = new Set([
  "CompletionException",
  "ExecutionException",
  "FlinkException",
  "JobException",
  "RestHandlerException",
  "SqlExecutionException",
  "SqlGatewayException",
]);

interface Thrown {
  readonly name: string;
  /** All of its lines joined. */
  readonly message: string;
  readonly firstLine: string;
}

/**
 * Returns the innermost cause in a Java stack trace, on one line, and its context if that adds something:
 * `DateTimeParseException: Text '0' could not be parsed; in RuntimeException: Fail to deserialize at field:
 * sold_at.` No stack lines and no package names.
 */
export function causeIn(trace: string): string | undefined {
  const causes = thrownIn(trace);
  const telling = causes.filter(({ name, message }) => message !== "" && !LESS_TELLING.has(name));
  const cause = telling.at(-1) ?? causes.at(-1);
  if (cause === undefined) return undefined;
  const told = cause.message === "" ? cause.name : `${cause.name}: ${cause.message}`;
  return `${told}${placeOf(cause, telling.at(-2))}`.slice(0, MAX_READ);
}

/** Shortens a redacted cause to what the ledger keeps. */
export function shortened(cause: string): string {
  return cause.length <= MAX_LENGTH ? cause : `${cause.slice(0, MAX_LENGTH)}…`;
}

/** Returns the context of a cause, unless it repeats the cause or is a wrapper. */
function placeOf(cause: Thrown, around: Thrown | undefined): string {
  if (around === undefined || cause.message === "" || FRAMES.has(around.name)) return "";
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
