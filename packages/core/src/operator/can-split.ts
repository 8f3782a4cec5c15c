import type { JsonObject } from "../job/json.js";
import type { ScheduleOperator } from "./operator.js";

/** Returns whether an operator can split a job. */
export function canSplit(operator: ScheduleOperator, job: JsonObject): boolean {
  return operator.split !== undefined && (operator.canSplit?.(job) ?? true);
}
