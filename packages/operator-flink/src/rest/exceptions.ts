/** An exception of a job, as `GET /jobs/:id/exceptions` reports it. */
export interface JobException {
  /** Java's stack trace. */
  readonly stacktrace?: string;
  /** When it was thrown, epoch ms. */
  readonly timestamp: number;
  /** The task that threw it; absent if the job did. */
  readonly taskName?: string | null;
  /** The TaskManager's host and port. */
  readonly endpoint?: string | null;
}

/** The exceptions of a job, newest first: each that made it start over, and the one that ended it. */
export interface JobExceptions {
  readonly exceptionHistory: {
    readonly entries: readonly (JobException & { readonly concurrentExceptions?: readonly JobException[] })[];
  };
}

/** Returns the exceptions of a job as the text of a log, oldest first; empty if there are none. */
export function exceptionsText({ exceptionHistory: { entries } }: JobExceptions): string {
  return entries
    .toReversed()
    .flatMap((entry) => [entry, ...(entry.concurrentExceptions ?? [])])
    .map(({ timestamp, taskName, endpoint, stacktrace }) => {
      const place = endpoint == null ? "" : ` on ${endpoint}`;
      return `${new Date(timestamp).toISOString()} ${taskName ?? "The job"}${place}\n${stacktrace ?? ""}`.trimEnd();
    })
    .join("\n");
}
