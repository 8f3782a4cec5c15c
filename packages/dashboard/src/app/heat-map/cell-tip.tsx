import type { CoverageBucket } from "@tidegate/core";
import { type RefObject, useLayoutEffect, useRef } from "react";
import { durationText, intervalText } from "../time/format.js";
import { cellFacts } from "./cell-text.js";
import styles from "./heat-map.module.css";

interface CellTipProps {
  readonly frame: RefObject<HTMLElement | null>;
  readonly index: number;
  readonly bucket: CoverageBucket;
  readonly sealedThrough: number | null;
  readonly timezone: string;
}

/** Says in words what the cell shows that is pointed at. The cell's label says the same to readers of a screen. */
export function CellTip({ frame, index, bucket, sealedThrough, timezone }: CellTipProps) {
  const tip = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const cell = frame.current?.querySelector(`[data-index="${index}"]`);
    if (cell === null || cell === undefined || tip.current === null) return;
    const outer = frame.current!.getBoundingClientRect();
    const inner = cell.getBoundingClientRect();
    const { offsetWidth, offsetHeight } = tip.current;
    const middle = inner.left - outer.left + inner.width / 2 - offsetWidth / 2;
    const left = Math.max(0, Math.min(middle, outer.width - offsetWidth));
    const above = inner.top - outer.top - offsetHeight - 6;
    const isBelow = inner.top - offsetHeight < 64;
    tip.current.style.translate = `${left}px ${isBelow ? inner.bottom - outer.top + 6 : above}px`;
  });
  const [first, ...more] = cellFacts(bucket, sealedThrough);
  return (
    <div ref={tip} className={styles.tip} aria-hidden="true">
      <strong>{first}</strong>
      {more.map((fact) => (
        <span key={fact}>{fact}</span>
      ))}
      <span>
        {intervalText(bucket, timezone)} · {durationText(bucket.upper - bucket.lower)}
      </span>
    </div>
  );
}
