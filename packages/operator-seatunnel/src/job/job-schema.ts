import { rerunSchema, timezoneSchema } from "@tidegate/operator-kit";
import { z } from "zod";
import type { SeaTunnelJob } from "./job.js";

/** Thirty days, ms. */
export const MAX_DEADLINE_MS = 2_592_000_000;

const plugin = z.object({ plugin_name: z.string().min(1) }).catchall(z.json());

/** Schema of a schedule's `job`. */
export const jobSchema = z.strictObject({
  env: z.record(z.string(), z.json()).exactOptional(),
  source: z.array(plugin).min(1),
  transform: z.array(plugin).exactOptional(),
  sink: z.array(plugin).min(1),
  timezone: timezoneSchema.exactOptional(),
  deadlineMs: z.number().int().min(1_000).max(MAX_DEADLINE_MS).exactOptional(),
  rerun: rerunSchema.exactOptional(),
}) satisfies z.ZodType<SeaTunnelJob>;
