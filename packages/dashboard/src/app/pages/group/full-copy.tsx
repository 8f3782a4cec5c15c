import type { Description } from "@tidegate/core";
import { useState } from "react";
import { useAction } from "../../api/actions.js";
import { manager } from "../../api/connection.js";
import { Dialog, NoteField } from "../../parts/dialog.js";
import { instantText } from "../../time/format.js";
import styles from "./plans/plans.module.css";

interface FullCopyProps {
  readonly description: Description;
  readonly onClose: () => void;
}

/** Another full copy of a group: what it writes again, and whether it has to take the place of the old one. */
export function FullCopy({ description, onClose }: FullCopyProps) {
  const { schedule, sealedThrough } = description;
  const { groupId, timezone } = schedule.spec;
  const [swap, setSwap] = useState(false);
  const [force, setForce] = useState(false);
  const acting = useAction(async (form: FormData) => {
    await manager.resnapshot(groupId, { note: String(form.get("note") ?? ""), swap, force });
    onClose();
  });
  return (
    <Dialog
      title="Make another full copy?"
      action="Make the copy"
      isBusy={acting.isPending}
      error={acting.error}
      onConfirm={acting.mutate}
      onClose={onClose}
    >
      <section className={styles.plan} aria-label="Plan">
        <strong>One run would copy everything that the source has now.</strong>
        <p>
          It waits for backfills and runs that are repeated. Later runs wait for it and go on where it ends.
        </p>
        {sealedThrough !== null && (
          <p>Time up to {instantText(sealedThrough, timezone)} is sealed; the copy writes it again.</p>
        )}
      </section>
      <label className={styles.check}>
        <input type="checkbox" checked={swap} onChange={(event) => setSwap(event.target.checked)} />
        Only if it replaces the old copy as a whole: rows that the source has lost are gone then
      </label>
      {sealedThrough !== null && (
        <label className={styles.check}>
          <input type="checkbox" checked={force} onChange={(event) => setForce(event.target.checked)} />
          Sealed time as well
        </label>
      )}
      <NoteField />
    </Dialog>
  );
}
