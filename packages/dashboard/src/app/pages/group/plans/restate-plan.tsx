import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useAction } from "../../../api/actions.js";
import { manager } from "../../../api/connection.js";
import { useMay } from "../../../api/role.js";
import { Dialog, NoteField } from "../../../parts/dialog.js";
import { countText, intervalText } from "../../../time/format.js";
import type { PlanProps } from "./plan-props.js";
import styles from "./plans.module.css";

/** Time that is run again, and what follows from it. The plan that is shown is the one that begins, or none. */
export function RestatePlan({ groupId, timezone, range, onClose }: PlanProps) {
  const [isCascading, setCascading] = useState(false);
  const [force, setForce] = useState(false);
  const mayForce = useMay("editor");
  const cascade: "downstream" | "none" = isCascading ? "downstream" : "none";
  const request = { groupId, from: range.lower, to: range.upper, cascade, force };
  const plan = useQuery({
    queryKey: ["plan", "restate", request],
    queryFn: () => manager.restate(request),
    staleTime: 0,
    retry: false,
  });
  const acting = useAction(async (form: FormData) => {
    const note = String(form.get("note") ?? "");
    // The note is part of the plan, so the plan that was shown is made again with it, and only begun if it is the same.
    const noted = note === "" ? plan.data! : await manager.restate({ ...request, note });
    if (noted.runs !== plan.data!.runs)
      throw new Error("The ledger has changed meanwhile. Look at the plan again.");
    await manager.applyRestatement(noted.planId);
    onClose();
  });
  const runs = plan.data?.runs ?? 0;
  return (
    <Dialog
      title="Run this time again"
      action={plan.isSuccess && runs > 0 ? `Run ${countText(runs, "interval")} again` : undefined}
      isBusy={acting.isPending || plan.isFetching}
      error={acting.error ?? plan.error}
      onConfirm={acting.mutate}
      onClose={onClose}
    >
      <p>{intervalText(range, timezone)}. What is covered stays so until its new run has succeeded.</p>
      <label className={styles.check}>
        <input
          type="checkbox"
          checked={isCascading}
          onChange={(event) => setCascading(event.target.checked)}
        />
        Also the groups that depend on it
      </label>
      {mayForce && (
        <label className={styles.check}>
          <input type="checkbox" checked={force} onChange={(event) => setForce(event.target.checked)} />
          Sealed time as well
        </label>
      )}
      <section className={styles.plan} aria-label="Plan" aria-live="polite">
        {plan.data !== undefined && (
          <>
            <strong>{countText(runs, "interval")} would run again.</strong>
            <ul className={styles.ranges}>
              {plan.data.groups.map((group) => (
                <li key={group.groupId}>
                  <bdi>{group.groupId}</bdi>: {countText(group.runs, "interval")}
                </li>
              ))}
              {plan.data.stops.map((stop) => (
                <li key={stop.groupId}>
                  <bdi>{stop.groupId}</bdi>: left as it is ({stop.reason})
                </li>
              ))}
            </ul>
          </>
        )}
      </section>
      <NoteField />
    </Dialog>
  );
}
