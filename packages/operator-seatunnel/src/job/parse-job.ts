import type { JsonObject, OfflineJobRequest, OperatorError } from "@tidegate/core";
import { z } from "zod";
import { invalidJob } from "./invalid-job.js";
import type { Rerun, SeaTunnelJob } from "./job.js";
import { SINK_RULES, type SinkRule } from "./rerun.js";
import type { Secret } from "./secrets.js";
import { checkTemplates, fillTemplates, hasBound, secretNamesIn } from "./template.js";
import { isTimeZone } from "./time-text.js";

/** Thirty days, ms. */
export const MAX_DEADLINE_MS = 2_592_000_000;

const PARTS = ["env", "source", "transform", "sink"] as const;

const plugin = z.looseObject({ plugin_name: z.string().min(1) });

const job = z.strictObject({
  env: z.record(z.string(), z.json()).optional(),
  source: z.array(plugin).min(1),
  transform: z.array(plugin).optional(),
  sink: z.array(plugin).min(1),
  timeZone: z.string().refine(isTimeZone, "must be an IANA time zone").optional(),
  deadlineMs: z.number().int().min(1_000).max(MAX_DEADLINE_MS).optional(),
  rerun: z.enum(["replaces", "appends"]).optional(),
});

/** A checked job, and the effect of a second job of the same interval. */
export interface CheckedJob {
  readonly job: SeaTunnelJob;
  readonly rerun: Rerun;
  /** The secrets that it needs. */
  readonly secretNames: readonly string[];
}

/** What a job may refer to, beside the built-in names. */
export interface JobSurroundings {
  /** Rules for additional sinks, by lower-case plugin name. @default {} */
  readonly sinks?: Readonly<Record<string, SinkRule>>;
  /** @default {} */
  readonly secrets?: Readonly<Record<string, Secret>>;
}

/**
 * Validates a schedule's `job`.
 *
 * @throws OperatorError JOB_INVALID with the first offending field, such as `job.sink.0.path`
 */
export function parseJob(input: JsonObject, { sinks = {}, secrets = {} }: JobSurroundings = {}): CheckedJob {
  const parsed = job.safeParse(input);
  if (!parsed.success) throw refusalOf(parsed.error.issues[0]!);
  const checked = parsed.data as SeaTunnelJob;
  requireBatch(checked.env ?? {});
  for (const part of PARTS) checkTemplates(checked[part] ?? [], `job.${part}`, Object.keys(secrets));
  if (![checked.source, checked.transform ?? []].some(hasBound)) {
    throw invalidJob(
      "job.source",
      "neither a source nor a transform names a bound, such as {{lower.timestamp}}, so every run would read everything",
    );
  }
  return {
    job: checked,
    rerun: checked.rerun ?? rerunOf(checked, { ...SINK_RULES, ...sinks }),
    secretNames: secretNamesIn(PARTS.map((part) => checked[part] ?? [])),
  };
}

/**
 * Returns the configuration submitted for a run: with the interval's values filled in, in batch mode.
 *
 * @param secrets - those that the job needs, by name
 * @throws OperatorError JOB_INVALID with the field whose value the request cannot supply
 */
export function configOf(
  job: SeaTunnelJob,
  request: OfflineJobRequest,
  secrets: ReadonlyMap<string, string> = new Map(),
): JsonObject {
  const filling = { request, timeZone: job.timeZone ?? "UTC", secrets };
  const filled = Object.fromEntries(
    PARTS.map((part) => [part, fillTemplates(job[part] ?? [], filling, `job.${part}`)]),
  );
  return { ...filled, env: { ...fillTemplates(job.env ?? {}, filling, "job.env"), "job.mode": "BATCH" } };
}

/** SeaTunnel reads `{ "job": { "mode": … } }` like `"job.mode"`. */
function requireBatch(env: JsonObject): void {
  if (env.job !== undefined) throw invalidJob("job.env.job", 'write "job.…" as names with a dot in them');
  const mode = env["job.mode"];
  if (mode !== undefined && (typeof mode !== "string" || mode.toUpperCase() !== "BATCH")) {
    throw invalidJob("job.env.job.mode", "must be BATCH: a run's job has an end");
  }
  if (env["job.name"] !== undefined) {
    throw invalidJob("job.env.job.name", "is the operator's, which finds jobs by it");
  }
}

/**
 * Returns the worst effect of any sink. @throws OperatorError JOB_INVALID naming the sink that appends or is
 * unknown
 */
function rerunOf(job: SeaTunnelJob, rules: Readonly<Record<string, SinkRule>>): Rerun {
  for (const [index, config] of job.sink.entries()) {
    const name = config.plugin_name;
    const key = name.toLowerCase();
    const verdict = Object.hasOwn(rules, key) ? rules[key]!(config, job) : undefined;
    if (verdict === "replaces") continue;
    const why = verdict?.appends ?? `it is not known what a second job of an interval does in ${name}`;
    throw invalidJob(
      `job.sink.${index}`,
      `${why}. Or say job.rerun: "replaces" where it does, "appends" where rows may be there twice after a retry`,
    );
  }
  return "replaces";
}

function refusalOf(issue: z.core.$ZodIssue): OperatorError {
  const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0] ?? ""] : issue.path;
  return invalidJob(["job", ...path].map(String).join("."), issue.message);
}
