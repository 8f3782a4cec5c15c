/** The longest that the ledger is to keep of a cause. */
const MAX_LENGTH = 500;

/** The longest that is read of one: secrets are taken out before it is shortened, lest the beginning of one is left. */
const MAX_READ = 5_000;

/** `org.apache.flink.SomeException: what it says`, after `Caused by:` or at the start of a line. */
const THROWN = /^(?:Caused by: )?(?:[\w$]+\.)+([\w$]+(?:Exception|Error|Throwable))(?::[ \t]*(.*))?$/s;

/** A line of a stack, or what Flink writes before and after a trace. */
const NO_MESSAGE = /^\s+at |^\s*\.\.\. \d+ |^<Exception on server side:|^End of exception on server side>/;

/** Of parsers and validators, whose own texts say less than their callers', who know the place. */
const LESS_TELLING: ReadonlySet<string> = new Set([
  "CalciteException",
  "CalciteContextException",
  "ClassNotFoundException",
  "ParseException",
  "SqlParseException",
  "SqlValidatorException",
]);

/** They frame whatever fails, and tell nothing of where. */
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
  /** All of its lines as one. */
  readonly message: string;
  readonly firstLine: string;
}

/**
 * The innermost cause that a Java stack trace names, on one line, and what it was met in where that says more:
 * `DateTimeParseException: Text '0' could not be parsed; in RuntimeException: Fail to deserialize at field: sold_at.`
 * Nothing of the stack itself, and no package names.
 */
export function causeIn(trace: string): string | undefined {
  const causes = thrownIn(trace);
  const telling = causes.filter(({ name, message }) => message !== "" && !LESS_TELLING.has(name));
  const cause = telling.at(-1) ?? causes.at(-1);
  if (cause === undefined) return undefined;
  const told = cause.message === "" ? cause.name : `${cause.name}: ${cause.message}`;
  return `${told}${placeOf(cause, telling.at(-2))}`.slice(0, MAX_READ);
}

/** A cause that has no secrets in it any more, as the ledger keeps it. */
export function shortened(cause: string): string {
  return cause.length <= MAX_LENGTH ? cause : `${cause.slice(0, MAX_LENGTH)}…`;
}

/** What surrounds a cause, unless it repeats it or is a frame. */
function placeOf(cause: Thrown, around: Thrown | undefined): string {
  if (around === undefined || cause.message === "" || FRAMES.has(around.name)) return "";
  const { name, message, firstLine } = around;
  const isRepeated = message.includes(cause.message) || cause.message.includes(firstLine);
  return isRepeated ? "" : `; in ${name}: ${firstLine}`;
}

/** Outermost first. A message may have several lines: which options are missing stands below that some are. */
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
