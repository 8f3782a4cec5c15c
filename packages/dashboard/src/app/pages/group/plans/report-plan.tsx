import { useId } from "react";
import { useAction } from "../../../api/actions.js";
import { manager } from "../../../api/connection.js";
import { Dialog, NoteField } from "../../../parts/dialog.js";
import dialog from "../../../parts/dialog.module.css";
import { intervalText } from "../../../time/format.js";
import type { PlanProps } from "./plan-props.js";

/** A report that the data of a source are complete. */
export function ReportPlan({ groupId, timezone, range, onClose }: PlanProps) {
  const id = useId();
  const acting = useAction(async (form: FormData) => {
    const version = String(form.get("version") ?? "");
    const note = String(form.get("note") ?? "");
    await manager.reportCoverage(groupId, { ...range, note, ...(version === "" ? {} : { version }) });
    onClose();
  });
  return (
    <Dialog
      title="Report that these data are complete"
      action="Report"
      isBusy={acting.isPending}
      error={acting.error}
      onConfirm={acting.mutate}
      onClose={onClose}
    >
      <p>
        {intervalText(range, timezone)}. Time that is covered already changes only with another version; what
        has read it is stale then.
      </p>
      <div className={dialog.field}>
        <label htmlFor={id}>Version of the data (if it is another one)</label>
        <input id={id} name="version" maxLength={200} />
      </div>
      <NoteField />
    </Dialog>
  );
}
