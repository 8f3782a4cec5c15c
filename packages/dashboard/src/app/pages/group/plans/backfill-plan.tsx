import { useQuery } from "@tanstack/react-query";
import type { Backfill } from "@tidegate/core";
import { useState } from "react";
import { useAction } from "../../../api/actions.js";
import { manager } from "../../../api/connection.js";
import { useMay } from "../../../api/role.js";
import { Dialog } from "../../../parts/dialog.js";
import { visible } from "../../../parts/visible.js";
import { countText, intervalText } from "../../../time/format.js";
import type { PlanProps } from "./plan-props.js";
import styles from "./plans.module.css";
import { Ranges } from "./ranges.js";

const SELECTS: Readonly<Record<Backfill["select"], string>> = {
  missing: "Missing intervals",
  failed: "Failed intervals",
  incomplete: "Both",
  all: "Everything, also what has succeeded",
};

/** A backfill: what would run, and in how many runs at once. */
export function BackfillPlan({ groupId, timezone, range, onClose }: PlanProps) {
  const [select, setSelect] = useState<Backfill["select"]>("incomplete");
  const [concurrency, setConcurrency] = useState(4);
  const [force, setForce] = useState(false);
  const mayForce = useMay("editor");
  const request = { groupId, from: range.lower, to: range.upper, select, concurrency, force };
  const plan = useQuery({
    queryKey: ["plan", "backfill", request],
    queryFn: () => manager.backfill({ ...request, isDryRun: true }),
    staleTime: 0,
    placeholderData: (before) => before,
  });
  const acting = useAction(async () => {
    await manager.backfill(request);
    onClose();
  });
  const runs = plan.data?.runs ?? 0;
  return (
    <Dialog
      title="Run what is missing"
      action={plan.isSuccess && runs > 0 ? `Start ${countText(runs, "run")}` : undefined}
      isBusy={acting.isPending || plan.isFetching}
      error={acting.error ?? plan.error}
      onConfirm={() => acting.mutate()}
      onClose={onClose}
    >
      <p>{intervalText(range, timezone)}</p>
      <fieldset className={styles.choices}>
        <legend>Run</legend>
        {Object.entries(SELECTS).map(([value, text]) => (
          <label key={value}>
            <input
              type="radio"
              name="select"
              checked={select === value}
              onChange={() => setSelect(value as Backfill["select"])}
            />
            {text}
          </label>
        ))}
      </fieldset>
      <label className={styles.number}>
        Runs at once
        <input
          type="number"
          min={1}
          max={1_000}
          value={concurrency}
          onChange={(event) => setConcurrency(Math.max(1, Math.min(1_000, event.target.valueAsNumber || 1)))}
        />
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
            <strong>
              {runs === 0 ? "There is nothing to run." : `${countText(runs, "run")} would start.`}
            </strong>
            <Ranges ranges={plan.data.ranges} zone={timezone} />
            {plan.data.notes.map((note) => (
              <p key={note}>{visible(note)}</p>
            ))}
          </>
        )}
      </section>
    </Dialog>
  );
}
