import { hash } from "node:crypto";

const JOB_ID = /^[0-9a-f]{32}$/;

/**
 * Returns the Flink id of the `n`-th job of a run. A run's key has the form of one, so the first job's id is
 * the key itself; Flink accepts no id twice, so later ones are derived from it.
 *
 * @param n - from 1
 */
export function jobIdOf(key: string, n: number): string {
  return n === 1 && JOB_ID.test(key) ? key : hash("sha256", `${key}/${n}`, "hex").slice(0, 32);
}

/** Returns whether a text has the form of Flink's ids. */
export function isJobId(text: string): boolean {
  return JOB_ID.test(text);
}
