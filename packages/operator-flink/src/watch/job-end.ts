import type { JobMetrics, JobOutcome } from "@tidegate/core/operator";
import { flinkCause } from "../rest/cause.js";
import type { EndedJob, FlinkState, JobDetails } from "../rest/job-manager.js";

/** How a job ended; unknown if Flink has forgotten it. */
export type JobEnd = JobOutcome | "lost";

/** The final states of a job. */
export type EndState = "FINISHED" | "CANCELED" | "FAILED";

export function isEnd(state: FlinkState): state is EndState {
  return state === "FINISHED" || state === "CANCELED" || state === "FAILED";
}

/** @param metrics - of a finished job */
export function outcomeOf(end: EndedJob, metrics?: JobMetrics): JobOutcome {
  switch (end.state) {
    case "FINISHED":
      return { state: "SUCCEEDED", ...(metrics === undefined ? {} : { metrics }) };
    case "CANCELED":
      return {
        state: "CANCELLED",
        error: { code: "JOB_CANCELLED", message: "The job was cancelled on Flink." },
      };
    case "FAILED":
      return {
        state: "FAILED",
        error: { code: "JOB_FAILED", message: flinkCause(end.trace) ?? "Flink did not say why." },
      };
  }
}

/**
 * Returns what a finished job counted: the rows read by its sources, and those received by a sink that is a
 * separate vertex. Flink does not count what passes between chained operators, and reports 0 for what is not
 * counted (by a connector; by any source in 1.20), so 0 is left out as unknown.
 */
export function metricsOf({ state, vertices, plan }: JobDetails): JobMetrics | undefined {
  if (state !== "FINISHED") return undefined;
  const sources = new Set(plan.nodes.filter(({ inputs = [] }) => inputs.length === 0).map(({ id }) => id));
  const rowsRead = recordsRead(vertices.filter(({ id }) => sources.has(id)));
  const rowsWritten = recordsRead(vertices.filter(({ id, name }) => !sources.has(id) && isSink(name)));
  const metrics: JobMetrics = {
    ...(rowsRead === undefined ? {} : { rowsRead }),
    ...(rowsWritten === undefined ? {} : { rowsWritten }),
  };
  return Object.keys(metrics).length === 0 ? undefined : metrics;
}

/** Returns whether the first operator of a vertex writes. */
function isSink(name: string): boolean {
  return /^Sink: |^[^>]*: Writer\b/.test(name);
}

function recordsRead(vertices: JobDetails["vertices"]): number | undefined {
  let records = 0;
  for (const { metrics } of vertices) {
    const count = metrics["read-records"];
    if (metrics["read-records-complete"] !== true || typeof count !== "number" || count === 0)
      return undefined;
    records += count;
  }
  return records === 0 ? undefined : records;
}
