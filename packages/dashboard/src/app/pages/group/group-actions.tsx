import type { Description } from "@tidegate/core";
import { useState } from "react";
import { useAction } from "../../api/actions.js";
import { manager } from "../../api/connection.js";
import { useMay } from "../../api/role.js";
import { Button } from "../../parts/button.js";
import { Dialog, NoteField } from "../../parts/dialog.js";
import { Icon } from "../../parts/icon.js";
import parts from "../../parts/parts.module.css";
import { FullCopy } from "./full-copy.js";

type Act = "pause" | "resume" | "trigger" | "retry";

const ACTS: Readonly<Record<Act, { title: string; text: string; action: string }>> = {
  pause: {
    title: "Pause this schedule?",
    text: "Nothing is planned or started until it is resumed; runs that are under way finish. What falls due meanwhile is owed then.",
    action: "Pause",
  },
  resume: {
    title: "Resume this schedule?",
    text: "It continues where it was paused, and runs what is owed as its catch-up policy says.",
    action: "Resume",
  },
  trigger: {
    title: "Run this group now?",
    text: "Owed intervals run now. If none is owed, the last interval that is over runs again, as a new generation.",
    action: "Run now",
  },
  retry: {
    title: "Retry all failed runs?",
    text: "Each failed run that no other run covers gets all its attempts again.",
    action: "Retry all",
  },
};

/** The buttons of a group. */
export function GroupActions({ description }: { readonly description: Description }) {
  const { schedule, counts } = description;
  const [act, setAct] = useState<Act | "copy" | undefined>();
  const mayAct = useMay("operator");
  const mayDefine = useMay("editor");
  const canCopy = schedule.spec.mode === "full-then-incremental" && schedule.status !== "PAUSED";
  const close = () => setAct(undefined);
  if (!mayAct || schedule.status === "SOURCE" || schedule.status === "DELETED") return null;
  return (
    <div className={parts.actions}>
      {counts.byState.FAILED > 0 && (
        <Button onClick={() => setAct("retry")}>
          <Icon name="repeat" /> Retry failed
        </Button>
      )}
      {mayDefine && canCopy && (
        <Button onClick={() => setAct("copy")}>
          <Icon name="copy" /> Make a full copy
        </Button>
      )}
      <Button onClick={() => setAct("trigger")}>
        <Icon name="play" /> Run now
      </Button>
      {schedule.status === "PAUSED" ? (
        <Button look="primary" onClick={() => setAct("resume")}>
          <Icon name="play" /> Resume
        </Button>
      ) : (
        <Button onClick={() => setAct("pause")}>
          <Icon name="pause" /> Pause
        </Button>
      )}
      {act === "copy" && <FullCopy description={description} onClose={close} />}
      {act !== undefined && act !== "copy" && (
        <ActDialog act={act} groupId={schedule.spec.groupId} onClose={close} />
      )}
    </div>
  );
}

interface ActDialogProps {
  readonly act: Act;
  readonly groupId: string;
  readonly onClose: () => void;
}

function ActDialog({ act, groupId, onClose }: ActDialogProps) {
  const { title, text, action } = ACTS[act];
  const acting = useAction(async (form: FormData) => {
    const note = String(form.get("note") ?? "");
    if (act === "pause") await manager.pause(groupId, note);
    else if (act === "resume") await manager.resume(groupId);
    else if (act === "trigger") await manager.trigger(groupId);
    else await manager.retryRuns(groupId);
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
      {act === "pause" && <NoteField />}
    </Dialog>
  );
}
