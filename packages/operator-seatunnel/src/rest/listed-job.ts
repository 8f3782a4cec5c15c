import type { EpochMs } from "@tidegate/core";
import { z } from "zod";
import { submissionTimeIn } from "../job/submission-time.js";
import { Unanswered } from "./failure.js";

/** A job in one of the cluster's lists. */
export interface ListedJob {
  /** 64 bits, in decimal. */
  readonly jobId: string;
  readonly jobName: string;
  /** Such as `RUNNING`, `FINISHED`, `FAILED`, `CANCELED`. */
  readonly jobStatus: string;
  readonly errorMsg?: string | null | undefined;
  readonly metrics?: unknown;
  /** By the clock of the manager that submitted it; reported for running jobs only. */
  readonly submittedAt?: EpochMs | undefined;
}

const jobId = z
  .union([z.string(), z.number().int().nonnegative()])
  .transform(String)
  .pipe(z.string().regex(/^\d{1,20}$/));

const listedJobs = z.array(
  z
    .object({
      jobId,
      jobName: z.string(),
      jobStatus: z.string(),
      errorMsg: z.string().nullish(),
      metrics: z.unknown(),
      envOptions: z.unknown().optional(),
    })
    .transform(({ envOptions, ...job }) => ({ ...job, submittedAt: submissionTimeIn(envOptions) })),
);

const submission = z.object({ jobId });

/** @throws Unanswered when it is not a list of jobs */
export function listedJobsIn(answer: unknown): ListedJob[] {
  return read(listedJobs, answer, "a list of jobs");
}

/** Returns the id of the job that a submission started. @throws Unanswered when there is none */
export function jobIdIn(answer: unknown): string {
  return read(submission, answer, "a job id").jobId;
}

function read<Schema extends z.ZodType>(schema: Schema, answer: unknown, what: string): z.infer<Schema> {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  const path = result.error.issues[0]?.path.map(String).join(".") ?? "";
  throw new Unanswered(`SeaTunnel's answer is not ${what}${path === "" ? "" : ` (${path})`}`, {
    isSent: true,
  });
}
