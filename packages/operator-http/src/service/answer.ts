import type { JobMetrics, JobOutcome } from "@tidegate/core";
import { oneLine } from "@tidegate/rest-client";
import { z } from "zod";

/** What a service says of a job, in answers and in callbacks. */
export interface JobReport {
  /** The service's own id of the job. */
  readonly jobId?: string;
  readonly state?: JobReportState;
  readonly metrics?: JobMetrics;
  /** Where a person can look at the job. */
  readonly address?: string;
  readonly error?: { readonly code?: string; readonly message?: string; readonly isRetryable?: boolean };
  /** Where the job's state is to be asked; may be relative to the address that answered. */
  readonly statusUrl?: string;
  /** What the answer's `Retry-After` asks to wait, ms. */
  readonly retryAfterMs?: number;
}

export type JobReportState = "PENDING" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED";

/** An answer that breaks the protocol, which is as good as none. */
export class MalformedAnswer extends Error {
  override readonly name = "MalformedAnswer";
}

/** An id that addresses and the ledger can hold: visible ASCII without spaces, and not of dots alone. */
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

/** The shape of a `JobReport`. Keys that it does not know are passed over, so that services may say more. */
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
});

/**
 * Reads JSON that came from outside: `null` is the same as absent, and strings are redacted wherever they stand.
 *
 * @throws MalformedAnswer when it is not JSON
 */
export function readJson(text: string, redact: (text: string) => string): unknown {
  try {
    // RFC 8259 lets a reader pass over a byte order mark.
    return JSON.parse(text.replace(/^\uFEFF/, ""), (_, value: unknown) => {
      if (value === null) return undefined;
      return typeof value === "string" ? redact(value) : value;
    });
  } catch {
    throw new MalformedAnswer("is not JSON");
  }
}

/** @throws MalformedAnswer with the first field that is not as it should be */
export function parseReport<T extends z.ZodType>(shape: T, value: unknown): z.infer<T> {
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const field = issue.path.map(String).join(".");
  throw new MalformedAnswer(field === "" ? `must be a JSON object` : `has a bad ${field}: ${issue.message}`);
}

/** How the job ended, or `undefined` while it has not. */
export function outcomeOf(report: JobReport): JobOutcome | undefined {
  const { state, metrics, error, retryAfterMs } = report;
  if (state === undefined || state === "PENDING" || state === "RUNNING") return undefined;
  return {
    state,
    ...(metrics === undefined ? {} : { metrics }),
    ...(state === "SUCCEEDED" || error === undefined ? {} : { error: jobError(error) }),
    ...(state === "FAILED" && error?.isRetryable === false ? { isRetryable: false } : {}),
    ...(state === "SUCCEEDED" || retryAfterMs === undefined ? {} : { retryAfterMs }),
  };
}

/** A service's words as the ledger keeps them: one line of limited length, a code of Tidegate's form. */
function jobError({ code, message }: NonNullable<JobReport["error"]>): { code: string; message: string } {
  const isCode = code !== undefined && /^[A-Z][A-Z0-9_]{0,63}$/.test(code);
  const words = [isCode ? undefined : code, message].filter((word) => word !== undefined && word !== "");
  return {
    code: isCode ? code : "JOB_FAILED",
    message: oneLine(words.join(": ")) || "The service did not say why.",
  };
}
