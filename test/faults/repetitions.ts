import type { JobRecord } from "@tidegate/testkit";

/**
 * Returns the keys that were submitted once more although a job of the same key may still have been there: nobody had been
 * refused it, had looked for it and found none, or had seen it fail or stop.
 */
export function repetitionsIn(records: readonly JobRecord[]): string[] {
  const repeated: string[] = [];
  const mayHaveJob = new Set<string>();
  for (const { event, key, state } of records) {
    if (event === "submit") {
      if (mayHaveJob.has(key)) repeated.push(key);
      mayHaveJob.add(key);
    } else if (event === "refused" || event === "absent" || event === "stopped") {
      mayHaveJob.delete(key);
    } else if (event === "ended" && state !== "SUCCEEDED") {
      mayHaveJob.delete(key);
    }
  }
  return repeated;
}
