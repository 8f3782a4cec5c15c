import type { ChangeNews, Run, RunState } from "@tidegate/core";
import { Option } from "commander";
import { CommandError, EXIT_CODES } from "../exit-code.js";
import type { Session } from "../session.js";

/** The end that a command waits for. */
export type WaitFor = "ended" | "succeeded";

const OPEN: readonly RunState[] = ["PLANNED", "SUBMITTING", "RUNNING"];

/** Returns the option `--wait`. */
export function waitOption(): Option {
  return new Option(
    "--wait [end]",
    "wait until the runs have ended; exit code 6 unless they have succeeded, or with `ended` if they have not",
  )
    .choices(["succeeded", "ended"])
    .preset("succeeded");
}

/** Refuses to wait for runs that nobody starts, before they are planned. @throws CommandError */
export function requireManager({ hasManager }: Session): void {
  if (!hasManager)
    throw new CommandError("--wait: no manager is running on this store, so its runs do not start.");
}

/** Waits until runs have ended, and prints how. The exit code is 6 unless they have succeeded. */
export async function waitForRuns(
  { api, printer, events }: Session,
  runs: readonly Run[],
  waitFor: WaitFor,
): Promise<Run[]> {
  const open = new Set(runs.map(({ id }) => id));
  const ended: Run[] = [];
  const look = async (ids: Iterable<string>): Promise<void> => {
    for (const id of ids) {
      const run = await api.getRun(id);
      if (OPEN.includes(run.state)) continue;
      open.delete(id);
      ended.push(run);
      printer.note(`${run.groupId} ${id} ${run.state}${run.error === null ? "" : `: ${run.error.message}`}`);
    }
  };
  const groupIds = [...new Set(runs.map(({ groupId }) => groupId))];
  if (open.size > 0) {
    for await (const news of events({ groupIds, kinds: ["run"] })) {
      await look(named(news, open));
      if (open.size === 0) break;
    }
  }
  judge(ended, waitFor);
  return ended;
}

/** Waits until a backfill and its runs have ended. The exit code is 6 unless they have succeeded. */
export async function waitForBackfill(
  { api, printer, events }: Session,
  { id, groupId }: { readonly id: string; readonly groupId: string },
  waitFor: WaitFor,
): Promise<void> {
  let noted = "";
  for await (const _ of events({ groupIds: [groupId], kinds: ["run", "backfill"] })) {
    const backfill = await api.getBackfill(id);
    if (backfill === undefined || backfill.state === "FAILED") {
      process.exitCode = EXIT_CODES.negative;
      printer.note(`${id} ${backfill?.state ?? "is gone"}: ${backfill?.reason ?? ""}`);
      return;
    }
    const { items } = await api.runs({ backfillId: id, states: OPEN }, { limit: 1 });
    const progress = `${id} ${backfill.state}: ${backfill.plannedRuns} runs planned`;
    if (progress !== noted) printer.note(progress);
    noted = progress;
    if (backfill.state === "RUNNING" || items.length > 0) continue;
    const page = await api.runs({ backfillId: id, states: ["FAILED", "CANCELLED"] }, { limit: 1_000 });
    const others = page.items.filter(({ isSuperseded }) => !isSuperseded);
    judge(others, waitFor);
    for (const run of others) printer.note(`${run.id} ${run.state}`);
    if (backfill.state === "CANCELLED" && waitFor === "succeeded") process.exitCode = EXIT_CODES.negative;
    return;
  }
}

/** Returns the runs that may have ended. */
function named({ isReset, changes }: ChangeNews, open: ReadonlySet<string>): readonly string[] {
  if (isReset || changes.some(({ runs }) => runs === undefined)) return [...open];
  return changes.flatMap(({ runs = [] }) => runs.map(({ id }) => id)).filter((id) => open.has(id));
}

function judge(runs: readonly Run[], waitFor: WaitFor): void {
  if (waitFor === "succeeded" && !runs.every(({ state }) => state === "SUCCEEDED")) {
    process.exitCode = EXIT_CODES.negative;
  }
}
