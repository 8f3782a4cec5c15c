import type { Run } from "@tidegate/core";
import { RunBadge } from "../../parts/badge.js";
import { visible } from "../../parts/visible.js";
import { durationText } from "../../time/format.js";
import { Instant } from "../../time/instant.js";
import styles from "./run.module.css";

/** The attempts of a run with their errors, newest first. */
export function Attempts({ run, zone }: { readonly run: Run; readonly zone: string }) {
  const current = {
    attempt: run.attempt,
    submittedAt: run.submittedAt,
    endedAt: run.endedAt,
    error: run.error,
    state: run.state,
  };
  const earlier = run.history.map((attempt) => ({ ...attempt, state: "FAILED" as const }));
  const attempts = [...earlier, ...(run.attempt > run.history.length ? [current] : [])].reverse();
  if (attempts.length === 0) return <p className={styles.none}>There was none yet.</p>;
  return (
    <ol className={styles.attempts}>
      {attempts.map(({ attempt, submittedAt, endedAt, error, state }) => (
        <li key={attempt}>
          <div className={styles.attemptHead}>
            <strong>Attempt {attempt}</strong>
            <RunBadge state={state} />
            {submittedAt !== null && <Instant at={submittedAt} zone={zone} />}
            {submittedAt !== null && endedAt !== null && (
              <span>{durationText(Math.max(0, endedAt - submittedAt))}</span>
            )}
          </div>
          {error !== null && <ErrorText code={error.code} message={error.message} />}
        </li>
      ))}
    </ol>
  );
}

/** An error, its root cause first. */
function ErrorText({ code, message }: { readonly code: string; readonly message: string }) {
  const cause = rootCauseOf(message);
  return (
    <>
      <p className={styles.cause}>
        <code>{code}</code> <bdi>{visible(cause)}</bdi>
      </p>
      {cause !== message && (
        <pre className={styles.error}>
          <bdi>{visible(message)}</bdi>
        </pre>
      )}
    </>
  );
}

/** Returns the last `Caused by:` line of an error, else its first line. */
export function rootCauseOf(message: string): string {
  const lines = message.split("\n");
  const cause = lines.findLast((line) => /^\s*caused by:/i.test(line));
  return cause === undefined ? lines[0]! : cause.replace(/^\s*caused by:\s*/i, "");
}
