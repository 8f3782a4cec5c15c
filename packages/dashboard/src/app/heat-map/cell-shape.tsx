import type { CoverageCondition } from "@tidegate/core";
import { type IconName, iconPath } from "../parts/icon.js";
import { CONDITION_LOOKS } from "./condition.js";
import styles from "./heat-map.module.css";
import type { Cell } from "./layout.js";

interface CellShapeProps {
  readonly cell: Cell;
  readonly x: number;
  readonly width: number;
  readonly height: number;
  readonly isSealed: boolean;
  readonly isSelected: boolean;
}

const GLYPH = 12;

/** Least height of the part of a cell that has not succeeded, px. */
const LEAST = 5;

/** The drawing of a cell. */
export function CellShape({ cell, x, width, height, isSealed, isSelected }: CellShapeProps) {
  const { bucket, isContinued, continues } = cell;
  const { condition, succeededShare, isStale, isRerunning, intervals } = bucket;
  const gap = width > 6 ? 1 : width > 3 ? 0.5 : 0;
  const box = { x: x + gap, y: 1, width: Math.max(width - 2 * gap, 0.5), height: height - 3 };
  const radius = Math.min(3, box.width / 4);
  const isPart = condition !== "succeeded" && succeededShare > 0;
  const restHeight = Math.max(LEAST, box.height * (1 - succeededShare));
  const isMerged = intervals !== null && intervals > 1;
  const glyph = glyphOf(condition, isStale, isSealed, isRerunning);
  return (
    <>
      <rect {...box} rx={radius} className={styles[isPart ? "succeeded" : condition]} />
      {isPart && (
        <rect
          {...box}
          y={box.y + box.height - restHeight}
          height={restHeight}
          rx={radius}
          className={styles[condition]}
        />
      )}
      {isStale && <rect {...box} rx={radius} fill="url(#stale)" />}
      {isMerged && (
        <rect
          x={box.x + 1}
          y={box.y + 1}
          width={Math.max(box.width - 2, 0.5)}
          height={box.height - 2}
          rx={radius}
          className={styles.merged}
          strokeDasharray={isContinued || continues ? "6 3" : undefined}
        />
      )}
      {glyph !== undefined && box.width >= GLYPH + 2 && (
        <svg
          x={box.x + (box.width - GLYPH) / 2}
          y={box.y + (box.height - GLYPH) / 2}
          width={GLYPH}
          height={GLYPH}
          viewBox="0 0 16 16"
          aria-hidden="true"
          className={condition === "owed" ? styles.glyphOfOwed : styles.glyph}
        >
          <path d={iconPath(glyph)} />
        </svg>
      )}
      <rect
        x={box.x - 1}
        y={box.y - 1}
        width={box.width + 2}
        height={box.height + 2}
        rx={radius + 1}
        className={isSelected ? styles.selected : styles.frameOfCell}
      />
    </>
  );
}

function glyphOf(
  condition: CoverageCondition,
  isStale: boolean,
  isSealed: boolean,
  isRerunning: boolean,
): IconName | undefined {
  if (isRerunning) return "repeat";
  if (condition !== "succeeded") return CONDITION_LOOKS[condition].icon;
  if (isStale) return "alert";
  return isSealed ? "lock" : "check";
}
