import { z } from "zod";
import { type JobReport, jobReportShape, parseReport, readJson } from "../service/answer.js";
import type { RunReference } from "./run-names.js";

/** Content of a callback: the state of a run's job. */
export interface CallbackMessage {
  readonly run: RunReference;
  readonly report: JobReport;
}

const id = z.string().min(1).max(200);

const shape = jobReportShape
  .extend({ idempotencyKey: id.exactOptional(), runId: id.exactOptional() })
  .required({ state: true })
  .refine(({ idempotencyKey, runId }) => idempotencyKey !== undefined || runId !== undefined, {
    path: ["idempotencyKey"],
    message: "give idempotencyKey or runId",
  });

/** @throws MalformedAnswer with the first offending field */
export function parseCallback(text: string): CallbackMessage {
  const { idempotencyKey, runId, ...report } = parseReport(
    shape,
    readJson(text, (value) => value),
  );
  return { run: idempotencyKey === undefined ? { runId: runId ?? "" } : { idempotencyKey }, report };
}
