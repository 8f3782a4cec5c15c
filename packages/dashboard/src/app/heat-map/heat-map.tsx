import type { CoverageBuckets } from "@tidegate/core";
import { type KeyboardEvent, type PointerEvent, useMemo, useRef, useState } from "react";
import { CellShape } from "./cell-shape.js";
import { cellText } from "./cell-text.js";
import { CellTip } from "./cell-tip.js";
import styles from "./heat-map.module.css";
import { layoutOf, rowUnitOf } from "./layout.js";
import { axisMarks, rowLabel } from "./row-label.js";
import { bucketAfterKey, isSelected, type Selection } from "./selection.js";
import { useWidth } from "./use-width.js";

interface HeatMapProps {
  readonly coverage: CoverageBuckets;
  readonly selection: Selection | undefined;
  readonly onSelect: (selection: Selection | undefined) => void;
  /** Opens a bucket: with Enter, or a double click. */
  readonly onOpen: (index: number) => void;
}

const LABEL = 118;
const AXIS = 22;

/** A group's time: a cell for each interval, rows of local time, states by colour and sign. */
export function HeatMap({ coverage, selection, onSelect, onOpen }: HeatMapProps) {
  const { buckets, unit, timezone, sealedThrough } = coverage;
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const [pointed, setPointed] = useState<number | undefined>();
  const [drag, setDrag] = useState<number | undefined>();
  const layout = useMemo(
    () => layoutOf(buckets, rowUnitOf(buckets, unit), timezone),
    [buckets, unit, timezone],
  );
  const focused = selection?.head ?? buckets.length - 1;
  const rowHeight = width < 640 ? 20 : 24;
  const label = width < 640 ? 86 : LABEL;
  const scale = Math.max(0, width - label) / layout.widthMs;

  const indexAt = (event: PointerEvent): number | undefined => {
    const found = (event.target as Element).closest("[data-index]");
    return found === null ? undefined : Number(found.getAttribute("data-index"));
  };
  const onPointerDown = (event: PointerEvent) => {
    const index = indexAt(event);
    if (index === undefined || event.button !== 0) return;
    setDrag(index);
    onSelect({ anchor: event.shiftKey ? (selection?.anchor ?? index) : index, head: index });
  };
  const onPointerMove = (event: PointerEvent) => {
    const index = indexAt(event);
    setPointed(index);
    if (index !== undefined && drag !== undefined && index !== selection?.head) {
      onSelect({ anchor: drag, head: index });
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") return onSelect(undefined);
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      return event.key === "Enter" ? onOpen(focused) : onSelect({ anchor: focused, head: focused });
    }
    const head = bucketAfterKey(layout, focused, event.key);
    if (head === undefined) return;
    event.preventDefault();
    onSelect({ anchor: event.shiftKey ? (selection?.anchor ?? focused) : head, head });
    frame.current?.querySelector<SVGElement>(`[data-index="${head}"]`)?.focus();
  };

  return (
    <div className={styles.frame} ref={frame}>
      <svg
        className={styles.map}
        width={width}
        height={AXIS + layout.rows.length * rowHeight}
        role="grid"
        aria-label={`Coverage of ${coverage.groupId}, times in ${timezone}`}
        aria-multiselectable="true"
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onPointerUp={() => setDrag(undefined)}
        onPointerLeave={() => {
          setPointed(undefined);
          setDrag(undefined);
        }}
        onKeyDown={onKeyDown}
      >
        <defs>
          <pattern
            id="stale"
            width="5"
            height="5"
            patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"
          >
            <rect width="2" height="5" className={styles.hatch} />
          </pattern>
        </defs>
        <g aria-hidden="true" className={styles.axis}>
          {axisMarks(layout.unit)
            .filter(({ at }) => at < layout.widthMs)
            .filter((_, index) => width > 640 || index % 2 === 0)
            .map(({ at, text }) => (
              <text key={at} x={label + at * scale} y={13}>
                {text}
              </text>
            ))}
        </g>
        {layout.rows.map((row, at) => (
          <g
            key={row.lower}
            role="row"
            aria-rowindex={at + 1}
            transform={`translate(0 ${AXIS + at * rowHeight})`}
          >
            <g role="rowheader">
              <text x={0} y={rowHeight / 2 + 4} className={styles.rowLabel}>
                {rowLabel(row, layout.unit, timezone)}
              </text>
            </g>
            {row.cells.map((cell) => (
              <g
                key={`${cell.index}/${cell.from}`}
                role="gridcell"
                data-index={cell.index}
                tabIndex={cell.index === focused && !cell.isContinued ? 0 : -1}
                aria-label={cellText(cell.bucket, sealedThrough, timezone)}
                aria-selected={isSelected(selection, cell.index)}
                className={styles.cell}
                onFocus={() => setPointed(cell.index)}
                onBlur={() => setPointed(undefined)}
                onDoubleClick={() => onOpen(cell.index)}
              >
                <CellShape
                  cell={cell}
                  x={label + cell.from * scale}
                  width={(cell.to - cell.from) * scale}
                  height={rowHeight}
                  isSealed={sealedThrough !== null && cell.bucket.upper <= sealedThrough}
                  isSelected={isSelected(selection, cell.index)}
                />
              </g>
            ))}
          </g>
        ))}
      </svg>
      {pointed !== undefined && buckets[pointed] !== undefined && (
        <CellTip
          frame={frame}
          index={pointed}
          bucket={buckets[pointed]}
          sealedThrough={sealedThrough}
          timezone={timezone}
        />
      )}
    </div>
  );
}
