const MAX_LENGTH = 500;

/** `org.apache.flink.SomeException: what it says`, after `Caused by:` or at the start of a line. */
const THROWN = /^(?:Caused by: )?(?:[\w$]+\.)+([\w$]+(?:Exception|Error|Throwable))(?::[ \t]*(.*))?$/s;

/** Of a parser, whose own text says less than its callers'. */
const LESS_TELLING: ReadonlySet<string> = new Set([
  "ParseException",
  "SqlParseException",
  "ClassNotFoundException",
]);

/**
 * The innermost cause that a Java stack trace names, on one line: `ValidationException: Cannot find table 'orders'`.
 * Nothing of the stack itself, and no package names.
 */
export function causeIn(trace: string): string | undefined {
  const causes = trace.split("\n").flatMap((line) => {
    const [, name = "", message = ""] = THROWN.exec(line.trim()) ?? [];
    return name === "" ? [] : [{ name, message: message.trim() }];
  });
  const telling = causes.filter(({ name, message }) => message !== "" && !LESS_TELLING.has(name));
  const cause = telling.at(-1) ?? causes.at(-1);
  if (cause === undefined) return undefined;
  return shortened(cause.message === "" ? cause.name : `${cause.name}: ${cause.message}`);
}

function shortened(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
  return line.length <= MAX_LENGTH ? line : `${line.slice(0, MAX_LENGTH)}…`;
}
