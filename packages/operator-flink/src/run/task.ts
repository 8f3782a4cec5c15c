import type { JsonObject } from "@tidegate/core";
import type { JobOutcome } from "@tidegate/core/operator";
import { boundsOf, type Filling, invalidJob, type JobCall, type Rerun } from "@tidegate/operator-kit";
import type { FlinkJob, JarJob, MaterializedTableJob, SqlJob } from "../job/job.js";
import { fillText } from "../job/plain-text.js";
import type { Connectors } from "../sync/connector.js";
import { type SyncSplit, shardPredicate, splitOfSync } from "../sync/split-sync.js";
import { sqlOf } from "../sync/write-sql.js";

/** A job as it is run: a copy has been turned into SQL. */
export type Work =
  | { readonly kind: "jar"; readonly job: JarJob }
  | {
      readonly kind: "sql";
      readonly job: SqlJob;
      readonly field: "job.sql" | "job.sync";
      /** How it is divided into shards. @default it cannot be */
      readonly split?: SyncSplit;
    }
  | {
      readonly kind: "materializedTable";
      readonly job: MaterializedTableJob;
      readonly field: "job.materializedTable";
    };

/** The work of one run. */
export interface Task {
  readonly work: Work;
  readonly filling: Filling;
  /** The job's name on Flink's pages. */
  readonly name: string;
}

/** @throws OperatorError JOB_INVALID for a copy between connectors that do not support it */
export function workOf(job: FlinkJob, connectors: Connectors): Work {
  if ("jar" in job) return { kind: "jar", job: job.jar };
  if ("sql" in job) return { kind: "sql", job: job.sql, field: "job.sql" };
  if ("materializedTable" in job) {
    return { kind: "materializedTable", job: job.materializedTable, field: "job.materializedTable" };
  }
  const split = splitOfSync(job.sync);
  return {
    kind: "sql",
    job: sqlOf(job.sync, connectors),
    field: "job.sync",
    ...(split === undefined ? {} : { split }),
  };
}

/** @throws OperatorError JOB_INVALID for invalid bounds */
export function taskOf({ request, job: work }: JobCall<Work>): Task {
  boundsOf(request);
  const { groupId, lowerBound, upperBound, shard } = request;
  const filling = fillingOf({ request, job: work });
  const name = `${groupId} [${lowerBound}, ${upperBound})`;
  return shard === undefined
    ? { work, filling, name }
    : { work: partOfWork(work, shard.args, filling), filling, name: `${name} ${shard.key}` };
}

/** Returns the values for the placeholders of a run's job. */
export function fillingOf({ request, job: work }: JobCall<Work>): Filling {
  return { request, timezone: work.job.timezone ?? "UTC" };
}

/** The statement of a copy that can be divided ends with the condition of its interval. */
function partOfWork(work: Work, args: JsonObject, filling: Filling): Work {
  if (work.kind !== "sql" || work.split === undefined) throw invalidJob("job", "cannot be split");
  const { job, split } = work;
  return {
    ...work,
    job: { ...job, statement: `${job.statement} AND ${shardPredicate(split, args, filling)}` },
  };
}

/** Returns the field of a program's argument. */
export function argumentField(index: number): string {
  return `job.jar.programArgs.${index}`;
}

/** Returns the body of `POST /jars/:id/run` for a task, without the job's id. */
export function jarRunOf(job: JarJob, { filling, name }: Task) {
  const { entryClass, programArgs = [], parallelism, flinkConfiguration = {} } = job;
  return {
    programArgsList: programArgs.map((argument, index) => fillText(argument, filling, argumentField(index))),
    flinkConfiguration: {
      "execution.runtime-mode": "BATCH",
      "pipeline.name": name,
      ...flinkConfiguration,
    },
    ...(entryClass === undefined ? {} : { entryClass }),
    ...(parallelism === undefined ? {} : { parallelism }),
  };
}

/** Returns the outcome of a job that Flink has forgotten, by the job's policy. */
export function lostOutcome(work: Work, jobId: string): JobOutcome {
  const { job } = work;
  const rerun: Rerun = work.kind === "materializedTable" ? "replaces" : (work.job.rerun ?? "replaces");
  const onLost = job.onLost ?? (rerun === "replaces" ? "resubmit" : "hold");
  const next =
    onLost === "resubmit"
      ? "The interval is run again."
      : "The interval is not run again by itself, since it could be doubled: look at its data, then rerun or skip it.";
  return {
    state: "FAILED",
    error: {
      code: "JOB_LOST",
      message: `Flink no longer knows job ${jobId}, so that how it ended is not known: a JobManager without high availability forgets its jobs when it is restarted (and a gateway may submit to another one than the option url says). ${next}`,
    },
    isRetryable: onLost === "resubmit",
  };
}
