import type { CoverageBuckets } from "@tidegate/core";
import { CONDITION_LOOKS } from "../../heat-map/condition.js";
import type { Selection } from "../../heat-map/selection.js";
import { Button } from "../../parts/button.js";
import { intervalText } from "../../time/format.js";
import styles from "./group.module.css";

interface SelectionBarProps {
  readonly coverage: CoverageBuckets;
  readonly selection: Selection | undefined;
  readonly onZoom: (from: number, to: number) => void;
  readonly onOpen: (index: number) => void;
  readonly onClear: () => void;
}

/** What is selected, and what can be done with it. */
export function SelectionBar({ coverage, selection, onZoom, onOpen, onClear }: SelectionBarProps) {
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
        <Button onClick={onClear}>Clear</Button>
      </div>
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
