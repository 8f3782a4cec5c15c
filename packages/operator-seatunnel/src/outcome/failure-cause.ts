/** The longest cause that the ledger keeps. */
const LONGEST = 500;

const CAUSE = /^Caused by: /;

/** Summarizes a Java stack trace in one line: the root cause, and where it was noticed. */
export function failureCause(trace: string): string {
  const lines = trace.split(/\r?\n/).filter((line) => line.trim() !== "" && !/^\s+(at |\.\.\. )/.test(line));
  const root = lines.findLast((line) => CAUSE.test(line))?.replace(CAUSE, "");
  const [first = ""] = lines;
  const causes = root === undefined || root === first ? [first] : [root, first];
  return causes.map((cause) => shortened(withoutPackage(cause))).join("; in ");
}

/** Shortens `java.lang.IllegalStateException: gone` to `IllegalStateException: gone`. */
function withoutPackage(line: string): string {
  return line.trim().replace(/^(?:[a-z_$][\w$]*\.)+(?=[A-Z])/, "");
}

function shortened(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ");
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST)}…`;
}
