import { type JsonObject, OperatorError } from "@tidegate/core";
import { z } from "zod";
import type { JobFunction } from "./function-job.js";

const schema = z.strictObject({
  function: z.string().optional(),
  args: z.record(z.string(), z.json()).default({}),
});

/** A checked job: the function to call and its arguments. */
export interface Task {
  readonly run: JobFunction;
  readonly args: JsonObject;
}

/** @throws OperatorError JOB_INVALID with the offending field */
export function parseJob(job: JsonObject, functions: ReadonlyMap<string, JobFunction>): Task {
  const parsed = schema.safeParse(job);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw invalid(["job", ...path.map(String)].join("."), message);
  }
  const known = [...functions.keys()];
  const name = parsed.data.function ?? (known.length === 1 ? known[0]! : undefined);
  if (name === undefined) throw invalid("job.function", `must be one of ${known.join(", ")}`);
  const run = functions.get(name);
  if (run === undefined)
    throw invalid("job.function", `"${name}" is unknown; there are: ${known.join(", ")}`);
  return { run, args: parsed.data.args as JsonObject };
}

function invalid(field: string, problem: string): OperatorError {
  return new OperatorError("JOB_INVALID", `${field}: ${problem}.`, { field });
}
