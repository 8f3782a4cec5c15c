import type { Run } from "@tidegate/core";
import { durationText } from "../../time/format.js";
import { Instant } from "../../time/instant.js";
import styles from "./run.module.css";

interface Step {
  readonly name: string;
  readonly at: number;
  readonly look: "quiet" | "active" | "good" | "bad";
}

/** Returns what happened to a run, in order. */
export function stepsOf(run: Run): Step[] {
  const { plannedAt, history, submittedAt, startedAt, endedAt, state } = run;
  const steps: Step[] = [{ name: "Planned", at: plannedAt, look: "quiet" }];
  for (const { attempt, submittedAt, endedAt } of history) {
    if (submittedAt !== null) steps.push({ name: `Attempt ${attempt}`, at: submittedAt, look: "active" });
    steps.push({ name: `Attempt ${attempt} failed`, at: endedAt, look: "bad" });
  }
  if (submittedAt !== null) steps.push({ name: `Attempt ${run.attempt}`, at: submittedAt, look: "active" });
  if (startedAt !== null) steps.push({ name: "Job started", at: startedAt, look: "active" });
  if (endedAt !== null) {
    const look = state === "SUCCEEDED" ? "good" : state === "FAILED" ? "bad" : "quiet";
    steps.push({ name: state[0] + state.slice(1).toLowerCase(), at: endedAt, look });
  }
  return steps.sort((a, b) => a.at - b.at);
}

/** The states of a run in order, with the time between them. */
export function Timeline({ run, zone }: { readonly run: Run; readonly zone: string }) {
  const steps = stepsOf(run);
  return (
    <ol className={styles.timeline}>
      {steps.map(({ name, at, look }, index) => {
        const before = steps[index - 1];
        return (
          <li key={`${name}/${at}`} className={styles[look]}>
            <strong>{name}</strong>
            <Instant at={at} zone={zone} />
            <span>{before === undefined ? "" : `+ ${durationText(at - before.at)}`}</span>
          </li>
        );
      })}
    </ol>
  );
}
