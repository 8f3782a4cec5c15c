import type { Run } from "@tidegate/core";
import { useState } from "react";
import { useAction } from "../../api/actions.js";
import { manager } from "../../api/connection.js";
import { useMay } from "../../api/role.js";
import { Button } from "../../parts/button.js";
import { Dialog, NoteField } from "../../parts/dialog.js";
import { Icon } from "../../parts/icon.js";
import parts from "../../parts/parts.module.css";
import styles from "./run.module.css";

type Act = "retry" | "cancel" | "markReady";

/** The buttons of a run. */
export function RunActions({ run }: { readonly run: Run }) {
  const [asked, setAsked] = useState<Act | undefined>();
  if (!useMay("operator")) return null;
  return (
    <div className={parts.actions}>
      {canRetry(run) && (
        <Button look="primary" onClick={() => setAsked("retry")}>
          <Icon name="repeat" /> Retry
        </Button>
      )}
      {run.place === "gated" && <Button onClick={() => setAsked("markReady")}>Mark ready</Button>}
      {canCancel(run) && (
        <Button look="danger" onClick={() => setAsked("cancel")}>
          <Icon name="cross" /> Cancel
        </Button>
      )}
      {asked !== undefined && <ActDialog act={asked} run={run} onClose={() => setAsked(undefined)} />}
    </div>
  );
}

function canRetry({ state, isSuperseded }: Run): boolean {
  return (state === "FAILED" || state === "CANCELLED") && !isSuperseded;
}

function canCancel({ state, isCancelRequested, isBlocking }: Run): boolean {
  return !isCancelRequested && (["PLANNED", "SUBMITTING", "RUNNING"].includes(state) || isBlocking);
}

const ACTS: Readonly<Record<Act, { title: string; text: string; action: string }>> = {
  retry: {
    title: "Retry this run?",
    text: "It gets all its attempts again, for the same interval and with the same idempotency key.",
    action: "Retry",
  },
  cancel: {
    title: "Cancel this run?",
    text: "A waiting run is cancelled at once, an active one as soon as its job has stopped. What it blocks continues. Its interval stays uncovered until it runs again.",
    action: "Cancel the run",
  },
  markReady: {
    title: "Begin although its gates hold it?",
    text: "All its conditions count as met, and the run keeps the mark with your note.",
    action: "Mark ready",
  },
};

function ActDialog({
  act,
  run,
  onClose,
}: {
  readonly act: Act;
  readonly run: Run;
  readonly onClose: () => void;
}) {
  const { title, text, action } = ACTS[act];
  const acting = useAction(async (form: FormData) => {
    if (act === "cancel") await manager.cancelRun(run.id);
    else if (act === "markReady") await manager.markReady(run.id, String(form.get("note") ?? ""));
    else await manager.retryRun(run.id, { version: form.has("latest") ? "latest" : "planned" });
    onClose();
  });
  return (
    <Dialog
      title={title}
      action={action}
      isBusy={acting.isPending}
      error={acting.error}
      onConfirm={acting.mutate}
      onClose={onClose}
    >
      <p>{text}</p>
      {act === "retry" && (
        <label className={styles.choice}>
          <input type="checkbox" name="latest" /> With the newest version of the schedule
        </label>
      )}
      {act === "markReady" && <NoteField />}
    </Dialog>
  );
}
