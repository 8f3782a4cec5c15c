import { type JsonObject, OperatorError } from "@tidegate/core";
import { z } from "zod";

/** Returns the error that rejects a job because of one of its fields. @param problem - without a full stop */
export function invalidJob(field: string, problem: string): OperatorError {
  return new OperatorError("JOB_INVALID", `${field}: ${problem}.`, { field });
}

/**
 * Parses a schedule's `job`.
 *
 * @throws OperatorError JOB_INVALID with the path of the first offending field, such as `job.sink.0.path`
 */
export function parseJob<Job>(schema: z.ZodType<Job>, job: JsonObject): Job {
  const parsed = schema.safeParse(job);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw invalidJob(fieldOf(issue), issue.message);
}

/**
 * Returns the JSON Schema (2020-12) of the jobs that a schema accepts. Refinements are not part of it, so it
 * accepts every valid job and some that `parseJob` refuses.
 */
export function jobJsonSchema(schema: z.ZodType): JsonObject {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as JsonObject;
}

/** An unknown key is named itself, not the object that holds it. */
function fieldOf(issue: z.core.$ZodIssue): string {
  const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0] ?? ""] : issue.path;
  return ["job", ...path].map(String).join(".");
}
