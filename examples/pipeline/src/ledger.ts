import type { AuditReport, Run, ScheduleClient } from "@tidegate/core";
import { EXPORT, LOAD, TAX, TOTALS } from "./pipeline.js";

/** Which groups each group reads. */
const INPUTS: Readonly<Record<string, readonly string[]>> = {
  [LOAD]: [],
  [TAX]: [LOAD],
  [TOTALS]: [LOAD],
  [EXPORT]: [TAX, TOTALS],
};

/** A group's ledger after the last run. */
export interface GroupReport {
  readonly groupId: string;
  readonly audit: AuditReport;
  readonly runs: readonly Run[];
  /** Runs that were submitted before each run whose time they read had succeeded: there should be none. */
  readonly tooEarly: number;
}

/** Reads the ledgers of a pipeline. */
export async function reportsOf(client: ScheduleClient): Promise<GroupReport[]> {
  const groups = Object.keys(INPUTS);
  const runs = new Map<string, readonly Run[]>();
  for (const groupId of groups) runs.set(groupId, (await client.runs({ groupId }, { limit: 1_000 })).items);
  return Promise.all(
    groups.map(async (groupId) => {
      const own = runs.get(groupId)!;
      const inputs = INPUTS[groupId]!.map((input) => runs.get(input)!);
      const isTooEarly = (run: Run): boolean => inputs.some((others) => !wereThere(others, run));
      return {
        groupId,
        audit: await client.audit(groupId),
        runs: own,
        tooEarly: own.filter(isTooEarly).length,
      };
    }),
  );
}

/** Whether the runs that cover a run's interval had all ended when it was submitted, and leave no gap. */
function wereThere(others: readonly Run[], { lower, upper, submittedAt }: Run): boolean {
  if (submittedAt === null) return false;
  let through = lower;
  for (const other of [...others].sort((a, b) => a.lower - b.lower)) {
    const isThere = other.state === "SUCCEEDED" && other.endedAt !== null && other.endedAt <= submittedAt;
    if (isThere && other.lower <= through) through = Math.max(through, other.upper);
  }
  return through >= upper;
}
