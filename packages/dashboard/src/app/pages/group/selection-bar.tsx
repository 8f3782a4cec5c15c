import type { CoverageBuckets } from "@tidegate/core";
import { useState } from "react";
import { useMay } from "../../api/role.js";
import { CONDITION_LOOKS } from "../../heat-map/condition.js";
import type { Selection } from "../../heat-map/selection.js";
import { Button } from "../../parts/button.js";
import { intervalText } from "../../time/format.js";
import styles from "./group.module.css";
import { PlanDialog, type RangeAct } from "./plans/plan-dialog.js";

interface SelectionBarProps {
  readonly coverage: CoverageBuckets;
  readonly selection: Selection | undefined;
  readonly isSource: boolean;
  readonly onZoom: (from: number, to: number) => void;
  readonly onOpen: (index: number) => void;
  readonly onClear: () => void;
}

/** The selected range, and the actions on it. */
export function SelectionBar({ coverage, selection, isSource, onZoom, onOpen, onClear }: SelectionBarProps) {
  const [act, setAct] = useState<RangeAct | undefined>();
  const mayAct = useMay("operator");
  const mayDefine = useMay("editor");
  if (selection === undefined) return null;
  const first = Math.min(selection.anchor, selection.head);
  const last = Math.max(selection.anchor, selection.head);
  const selected = coverage.buckets.slice(first, last + 1);
  if (selected.length === 0) return null;
  const lower = selected[0]!.lower;
  const upper = Math.max(...selected.map(({ upper }) => upper));
  const isOne = selected.length === 1;
  return (
    <section className={styles.bar} aria-label="Selection">
      <div className={styles.barText}>
        <strong>{intervalText({ lower, upper }, coverage.timezone)}</strong>
        <span>{countsText(selected)}</span>
      </div>
      <div className={styles.barActions}>
        {isOne && selected[0]!.runId !== null && <Button onClick={() => onOpen(first)}>Open the run</Button>}
        {(!isOne || selected[0]!.intervals === null) && (
          <Button onClick={() => onZoom(lower, upper)}>Zoom in</Button>
        )}
        {mayAct && isSource && (
          <Button look="primary" onClick={() => setAct("report")}>
            Report as complete …
          </Button>
        )}
        {mayAct && !isSource && (
          <>
            <Button look="primary" onClick={() => setAct("backfill")}>
              Run what is missing …
            </Button>
            <Button onClick={() => setAct("restate")}>Run again …</Button>
          </>
        )}
        {mayDefine && <Button onClick={() => setAct("seal")}>Seal up to here …</Button>}
        <Button onClick={onClear}>Clear</Button>
      </div>
      {act !== undefined && (
        <PlanDialog
          act={act}
          coverage={coverage}
          range={{ lower, upper }}
          onClose={() => setAct(undefined)}
        />
      )}
    </section>
  );
}

function countsText(selected: CoverageBuckets["buckets"]): string {
  const counts = new Map<string, number>();
  for (const { condition } of selected) counts.set(condition, (counts.get(condition) ?? 0) + 1);
  return [...counts]
    .map(([condition, count]) => {
      const { name } = CONDITION_LOOKS[condition as keyof typeof CONDITION_LOOKS];
      return `${count.toLocaleString("en")} ${name.toLowerCase()}`;
    })
    .join(", ");
}
