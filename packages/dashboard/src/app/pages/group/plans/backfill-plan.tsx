import { useQuery } from "@tanstack/react-query";
import type { Backfill } from "@tidegate/core";
import { useState } from "react";
import { useAction } from "../../../api/actions.js";
import { manager } from "../../../api/connection.js";
import { runsQuery } from "../../../api/queries.js";
import { useMay } from "../../../api/role.js";
import { Dialog } from "../../../parts/dialog.js";
import { visible } from "../../../parts/visible.js";
import { countText, durationText, intervalText } from "../../../time/format.js";
import { typicalMs } from "../../dependencies/critical-path.js";
import type { PlanProps } from "./plan-props.js";
import styles from "./plans.module.css";
import { Ranges } from "./ranges.js";

const SELECTS: Readonly<Record<Backfill["select"], string>> = {
  missing: "Missing intervals",
  failed: "Failed intervals",
  incomplete: "Both",
  all: "Everything, also what has succeeded",
};

type Select = Backfill["select"];

/** A backfill: what would run, and in how many runs at once. */
export function BackfillPlan({ groupId, timezone, range, onClose }: PlanProps) {
  const [select, setSelect] = useState<Select>("incomplete");
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
  const counts = useQuery({
    queryKey: ["plan", "backfill", "counts", groupId, range],
    queryFn: async () => {
      const plans = Object.keys(SELECTS).map((each) =>
        manager.backfill({ ...request, select: each as Select, isDryRun: true }),
      );
      return (await Promise.all(plans)).map(({ runs }) => runs);
    },
    staleTime: 0,
  });
  const done = useQuery(runsQuery({ groupId, states: ["SUCCEEDED"] }, 20));
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
        {Object.entries(SELECTS).map(([value, text], index) => (
          <label key={value}>
            <input
              type="radio"
              name="select"
              checked={select === value}
              onChange={() => setSelect(value as Select)}
            />
            {text}
            {counts.data !== undefined && ` (${counts.data[index]!.toLocaleString("en")})`}
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
            <Estimate runs={runs} atOnce={concurrency} usualMs={typicalMs(done.data?.items ?? [])} />
            {plan.data.notes.map((note) => (
              <p key={note}>{visible(note)}</p>
            ))}
          </>
        )}
      </section>
    </Dialog>
  );
}

interface EstimateProps {
  readonly runs: number;
  readonly atOnce: number;
  /** How long the group's runs usually take, ms; `undefined` if none has succeeded. */
  readonly usualMs: number | undefined;
}

/** How long a backfill takes if its runs take as long as usual and nothing else holds them. */
function Estimate({ runs, atOnce, usualMs }: EstimateProps) {
  if (runs === 0 || usualMs === undefined) return null;
  const rounds = Math.ceil(runs / atOnce);
  return <p>About {durationText(Math.max(1, rounds * usualMs))}, if runs take as long as usual.</p>;
}
