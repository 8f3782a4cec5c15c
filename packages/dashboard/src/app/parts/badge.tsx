import type { Run, Schedule } from "@tidegate/core";
import { Icon, type IconName } from "./icon.js";
import styles from "./parts.module.css";

/** How good or bad something is. */
export type Tone = "good" | "bad" | "warn" | "info" | "quiet";

interface Look {
  readonly tone: Tone;
  readonly icon: IconName;
  readonly text: string;
}

const RUN_LOOKS: Readonly<Record<Run["state"], Look>> = {
  PLANNED: { tone: "quiet", icon: "clock", text: "Planned" },
  SUBMITTING: { tone: "info", icon: "play", text: "Submitting" },
  RUNNING: { tone: "info", icon: "play", text: "Running" },
  SUCCEEDED: { tone: "good", icon: "check", text: "Succeeded" },
  FAILED: { tone: "bad", icon: "cross", text: "Failed" },
  CANCELLED: { tone: "quiet", icon: "dash", text: "Cancelled" },
  SKIPPED: { tone: "quiet", icon: "skip", text: "Skipped" },
};

const STATUS_LOOKS: Readonly<Record<Schedule["status"], Look>> = {
  REGISTERING: { tone: "info", icon: "dots", text: "Registering" },
  REGISTERED: { tone: "good", icon: "check", text: "Live" },
  FAILED: { tone: "bad", icon: "alert", text: "Refused by its engine" },
  PAUSED: { tone: "warn", icon: "pause", text: "Paused" },
  DELETING: { tone: "quiet", icon: "dots", text: "Ending" },
  DELETED: { tone: "quiet", icon: "dash", text: "Ended" },
  SOURCE: { tone: "info", icon: "dots", text: "Source" },
};

export function Badge({ tone, icon, text }: Look) {
  return (
    <span className={`${styles.badge} ${styles[tone]}`}>
      <Icon name={icon} size={12} />
      {text}
    </span>
  );
}

export function RunBadge({ state }: { readonly state: Run["state"] }) {
  return <Badge {...RUN_LOOKS[state]} />;
}

export function StatusBadge({ status }: { readonly status: Schedule["status"] }) {
  return <Badge {...STATUS_LOOKS[status]} />;
}
