import { boundedLog, type JobLog, type JobMetrics, type JobOutcome } from "@tidegate/core/operator";
import { oneLine } from "@tidegate/rest-client";
import { z } from "zod";

/** A service's report about a job, in responses and in callbacks. */
export interface JobReport {
  /** The service's own id of the job. */
  readonly jobId?: string;
  readonly state?: JobReportState;
  readonly metrics?: JobMetrics;
  /** The address at which a person can look at the job. */
  readonly address?: string;
  readonly error?: { readonly code?: string; readonly message?: string; readonly isRetryable?: boolean };
  /** The address at which to query the job's state; may be relative to the responding address. */
  readonly statusUrl?: string;
  /** The job's log, as far as the service has it. */
  readonly log?: JobLog | undefined;
  /** The wait that the response's `Retry-After` asks for, ms. */
  readonly retryAfterMs?: number;
}

export type JobReportState = "PENDING" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";

/** A response that breaks the protocol, which counts as none. */
export class MalformedAnswer extends Error {
  override readonly name = "MalformedAnswer";
}

/** An id that fits into addresses and the ledger: visible ASCII without spaces, and not only dots. */
const jobId = z
  .string()
  .regex(/^(?!\.+$)[\x21-\x7e]{1,200}$/, "must be 1 to 200 of visible ASCII without spaces");

const count = z.number().int().min(0);

const webAddress = z
  .string()
  .max(2_000)
  .refine(
    (text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol),
    "must be an http or https URL",
  );

/** The end of a log, as a text or with the number of its first line. No log is worth an answer: a bad one is dropped. */
const jobLog = z
  .union([
    z.string().transform((text): JobLog => ({ lines: linesOf(text) })),
    z.object({ lines: z.array(z.string()), first: count.exactOptional() }),
  ])
  .optional()
  .catch(undefined);

/** The shape of a `JobReport`. Unknown keys are ignored, so that services may say more. */
export const jobReportShape = z.object({
  jobId: z.union([jobId, z.number().int().transform(String)]).exactOptional(),
  state: z.enum(["PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]).exactOptional(),
  metrics: z
    .object({
      rowsRead: count.exactOptional(),
      rowsWritten: count.exactOptional(),
      rowsDirty: count.exactOptional(),
      bytesWritten: count.exactOptional(),
    })
    .exactOptional(),
  address: webAddress.exactOptional(),
  error: z
    .object({
      code: z.string().exactOptional(),
      message: z.string().exactOptional(),
      isRetryable: z.boolean().exactOptional(),
    })
    .exactOptional(),
  statusUrl: z.string().max(2_000).exactOptional(),
  log: jobLog,
});

/**
 * Parses JSON from outside: `null` is the same as absent, and all strings are redacted.
 *
 * @throws MalformedAnswer when it is not JSON
 */
export function readJson(text: string, redact: (text: string) => string): unknown {
  try {
    // RFC 8259 lets a parser ignore a byte order mark.
    return JSON.parse(text.replace(/^\uFEFF/, ""), (_, value: unknown) => {
      if (value === null) return undefined;
      return typeof value === "string" ? redact(value) : value;
    });
  } catch {
    throw new MalformedAnswer("is not JSON");
  }
}

/** @throws MalformedAnswer with the first invalid field */
export function parseReport<T extends z.ZodType>(shape: T, value: unknown): z.infer<T> {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.map(String).join(".");
  throw new MalformedAnswer(field === "" ? `must be a JSON object` : `has a bad ${field}: ${issue.message}`);
}

/** Returns how the job ended, or `undefined` while it has not. */
export function outcomeOf(report: JobReport): JobOutcome | undefined {
  const { state, metrics, error, log, retryAfterMs } = report;
  if (state === undefined || state === "PENDING" || state === "RUNNING") return undefined;
  return {
    state,
    ...(metrics === undefined ? {} : { metrics }),
    ...(state === "SUCCEEDED" || error === undefined ? {} : { error: jobError(error) }),
    ...(log === undefined || log.lines.length === 0 ? {} : { log: boundedLog(log) }),
    ...(state === "FAILED" && error?.isRetryable === false ? { isRetryable: false } : {}),
    ...(state === "SUCCEEDED" || retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** Splits a text into lines; the end of the last one begins none. */
function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\r\n$|[\r\n]$/, "").split(/\r\n|\r|\n/);
}

/**
 * Limits a service's error to what the ledger keeps: one line of limited length, and a code of Tidegate's
 * form.
 */
function jobError({ code, message }: NonNullable<JobReport["error"]>): { code: string; message: string } {
  const isCode = code !== undefined && /^[A-Z][A-Z0-9_]{0,63}$/.test(code);
  const words = [isCode ? undefined : code, message].filter((word) => word !== undefined && word !== "");
  return {
    code: isCode ? code : "JOB_FAILED",
    message: oneLine(words.join(": ")) || "The service did not say why.",
  };
}
