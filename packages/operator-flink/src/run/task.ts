import { type BoundaryType, type JsonObject, OperatorError } from "@tidegate/core";
import type { JobOutcome } from "@tidegate/core/operator";
import {
  boundsOf,
  type Filling,
  invalidJob,
  type JobCall,
  offsetRangeOf,
  type Rerun,
} from "@tidegate/operator-kit";
import type { FlinkJob, JarJob, MaterializedTableJob, SqlJob, SyncJob } from "../job/job.js";
import { fillText } from "../job/plain-text.js";
import type { Connectors } from "../sync/connector.js";
import { type SyncSplit, shardPredicate, splitOfSync } from "../sync/split-sync.js";
import { sqlOf } from "../sync/write-sql.js";

/** Most characters of a bound in a job's name. */
const MAX_BOUND = 200;

/** A job as it is run: a copy has been turned into SQL. */
export type Work =
  | { readonly kind: "jar"; readonly job: JarJob }
  | SqlWork
  | {
      readonly kind: "materializedTable";
      readonly job: MaterializedTableJob;
      readonly field: "job.materializedTable";
    };

/** SQL, or a copy that has been turned into SQL. */
export interface SqlWork {
  readonly kind: "sql";
  readonly field: "job.sql" | "job.sync";
  readonly job: SqlJob;
  /** The copy, and its SQL by the measure of the data; what it cannot be read by has the reason. @default SQL of its own */
  readonly copy?: SyncJob & { readonly written: Readonly<Record<BoundaryType, SqlJob | OperatorError>> };
  /** How it is divided into shards. @default it cannot be */
  readonly split?: SyncSplit;
}

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
  return copyOf(job.sync, connectors);
}

/** The two ways to read a copy's source differ in its statement alone. */
function copyOf(job: SyncJob, connectors: Connectors): SqlWork {
  const write = (boundaryType: BoundaryType): SqlJob | OperatorError => {
    try {
      return sqlOf(job, connectors, boundaryType);
    } catch (error) {
      if (error instanceof OperatorError) return error;
      throw error;
    }
  };
  const written = { TIME: write("TIME"), OFFSET: write("OFFSET") };
  const isPositional = job.source.cursorColumn !== undefined;
  const [wanted, other] = isPositional ? [written.OFFSET, written.TIME] : [written.TIME, written.OFFSET];
  const known = wanted instanceof OperatorError ? other : wanted;
  if (known instanceof OperatorError) throw wanted;
  const split = splitOfSync(job);
  return {
    kind: "sql",
    field: "job.sync",
    job: known,
    copy: { ...job, written },
    ...(split === undefined ? {} : { split }),
  };
}

/** @throws OperatorError JOB_INVALID for invalid bounds */
export function taskOf({ request, job }: JobCall<Work>): Task {
  if (request.boundaryType === "OFFSET") offsetRangeOf(request);
  else boundsOf(request);
  const work = job.kind === "sql" ? readBy(job, request.boundaryType) : job;
  const { groupId, lowerBound, upperBound, shard } = request;
  const filling = fillingOf({ request, job: work });
  const name = `${groupId} [${shortened(lowerBound)}, ${shortened(upperBound)})`;
  return shard === undefined
    ? { work, filling, name }
    : { work: partOfWork(work, shard.args, filling), filling, name: `${name} ${shard.key}` };
}

/** Returns the values for the placeholders of a run's job. */
export function fillingOf({ request, job: work }: JobCall<Work>): Filling {
  return { request, timezone: work.job.timezone ?? "UTC" };
}

/** @throws OperatorError JOB_INVALID if the source of a copy cannot be read by this measure */
function readBy(work: SqlWork, boundaryType: BoundaryType): SqlWork {
  const written = work.copy?.written[boundaryType];
  if (written === undefined) return work;
  if (written instanceof OperatorError) throw written;
  return { ...work, job: written };
}

/** Positions of many partitions are longer than any page shows. */
function shortened(bound: string): string {
  return bound.length > MAX_BOUND ? `${bound.slice(0, MAX_BOUND)}…` : bound;
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
  const onLost = job.onLost ?? (rerun === "appends" ? "hold" : "resubmit");
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
