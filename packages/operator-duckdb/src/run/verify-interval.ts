import type { RowCounts } from "@tidegate/core/operator";
import { NO_ROWS } from "../read/stage.js";
import { countRejectedRows } from "../reject/rejected-rows.js";
import type { Destination } from "../target/destination.js";
import { inSession } from "./in-session.js";
import { stageJob } from "./stage-job.js";
import type { Surroundings } from "./surroundings.js";
import type { Task } from "./task.js";

/**
 * Reads an interval's source again, as its job does, and compares it with what the target has for the
 * interval. Changes neither.
 *
 * @throws whatever `outcomeOfError` turns into a job's outcome
 */
export async function verifyInterval(
  task: Task,
  destination: Destination,
  surroundings: Surroundings,
  withChecksum: boolean,
): Promise<RowCounts> {
  return inSession(task, surroundings, async (session, running) => {
    const staged = await stageJob(session, running, surroundings);
    const { goodRows = NO_ROWS } = staged;
    const rows = await destination.exactRows(session, goodRows);
    const counts = await destination.compare(session, rows, task, surroundings.signal, withChecksum);
    if (staged.badRows === "unknown") return counts;
    const rejectedRows = staged.badRows === "none" ? 0 : await countRejectedRows(session, task);
    return { ...counts, rejectedRows };
  });
}
