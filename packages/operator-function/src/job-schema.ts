import { z } from "zod";
import type { FunctionJob } from "./function-job.js";

/** Returns the schema of jobs that name one of these functions. */
export function jobSchemaOf(names: readonly string[]): z.ZodType<FunctionJob> {
  return z.strictObject({
    function: z
      .enum(names as [string, ...string[]], { error: `must be one of ${names.join(", ")}` })
      .meta({ description: "The function to call. Optional if there is only one." })
      .exactOptional(),
    args: z
      .record(z.string(), z.json())
      .meta({ description: "Passed to the function unchanged." })
      .exactOptional(),
  });
}
