import type { JsonObject } from "@tidegate/core";
import type { OfflineJobRequest } from "@tidegate/core/operator";
import { invalidJob, type Rerun, type Secret } from "@tidegate/operator-kit";
import type { SeaTunnelJob } from "./job.js";
import { SINK_RULES, type SinkRule } from "./rerun.js";
import { checkTemplates, fillTemplates, hasBound, secretNamesIn } from "./template.js";

const PARTS = ["env", "source", "transform", "sink"] as const;

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
 * Checks a job's parts against each other.
 *
 * @throws OperatorError JOB_INVALID with the first offending field, such as `job.sink.0.path`
 */
export function checkedJob(
  job: SeaTunnelJob,
  { sinks = {}, secrets = {} }: JobSurroundings = {},
): CheckedJob {
  requireBatch(job.env ?? {});
  for (const part of PARTS) checkTemplates(job[part] ?? [], `job.${part}`, Object.keys(secrets));
  if (![job.source, job.transform ?? []].some(hasBound)) {
    throw invalidJob(
      "job.source",
      "neither a source nor a transform names a bound, such as {{lower.timestamp}}, so every run would read everything",
    );
  }
  return {
    job,
    rerun: job.rerun ?? rerunOf(job, { ...SINK_RULES, ...sinks }),
    secretNames: secretNamesIn(PARTS.map((part) => job[part] ?? [])),
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
  const filling = { request, timezone: job.timezone ?? "UTC", secrets };
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
  const known = new Set<Rerun>();
  for (const [index, config] of job.sink.entries()) {
    const name = config.plugin_name;
    const key = name.toLowerCase();
    const verdict = Object.hasOwn(rules, key) ? rules[key]!(config, job) : undefined;
    if (verdict === "replaces" || verdict === "upserts") {
      known.add(verdict);
      continue;
    }
    const why = verdict?.appends ?? `it is not known what a second job of an interval does in ${name}`;
    throw invalidJob(
      `job.sink.${index}`,
      `${why}. Or say job.rerun: "replaces" or "upserts" where it does, "appends" where rows may be there twice after a retry`,
    );
  }
  return known.has("replaces") ? "replaces" : "upserts";
}
