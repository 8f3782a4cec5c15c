const MAX_LENGTH = 500;

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

interface Thrown {
  readonly name: string;
  /** All of its lines as one. */
  readonly message: string;
}

/**
 * The innermost cause that a Java stack trace names, on one line: `ValidationException: Cannot find table 'orders'`.
 * Nothing of the stack itself, and no package names.
 */
export function causeIn(trace: string): string | undefined {
  const causes = thrownIn(trace);
  const telling = causes.filter(({ name, message }) => message !== "" && !LESS_TELLING.has(name));
  const cause = telling.at(-1) ?? causes.at(-1);
  if (cause === undefined) return undefined;
  return shortened(cause.message === "" ? cause.name : `${cause.name}: ${cause.message}`);
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
  return all.map(({ name, lines }) => ({ name, message: oneLine(lines) }));
}

function oneLine(lines: readonly string[]): string {
  return lines
    .map((line) => line.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").trim())
    .filter((line) => line !== "")
    .join(" ");
}

function shortened(text: string): string {
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH)}…`;
}
