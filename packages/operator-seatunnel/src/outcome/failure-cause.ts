import { causeIn, shortenedCause } from "@tidegate/operator-kit";

/** Returns the cause of a failure in SeaTunnel's words: that in its stack trace, or the first line if it has none. */
export function failureCause(trace: string): string {
  return shortenedCause(causeIn(trace, { context: "outermost" }) ?? firstLineOf(trace));
}

function firstLineOf(text: string): string {
  const first = text.split(/\r?\n/).find((line) => line.trim() !== "") ?? "";
  return first.trim().replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ");
}
