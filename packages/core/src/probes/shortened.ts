/** Longest text of a reason, characters. */
const LONGEST = 400;

/** Makes an outside text fit for a reason: on one line, and of limited length. */
export function shortened(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
  return line.length <= LONGEST ? line : `${line.slice(0, LONGEST)}…`;
}
