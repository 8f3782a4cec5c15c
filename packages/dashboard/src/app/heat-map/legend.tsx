import type { CoverageBucket } from "@tidegate/core";
import { CellShape } from "./cell-shape.js";
import { CONDITION_LOOKS } from "./condition.js";
import styles from "./heat-map.module.css";

const PLAIN: CoverageBucket = {
  lower: 0,
  upper: 1,
  condition: "succeeded",
  succeededShare: 1,
  isStale: false,
  isRerunning: false,
  runId: null,
  intervals: 1,
};

const conditions = Object.entries(CONDITION_LOOKS).map(([condition, { name }]) => ({
  name,
  bucket: {
    ...PLAIN,
    condition: condition as CoverageBucket["condition"],
    succeededShare: condition === "succeeded" ? 1 : 0,
  },
  isSealed: false,
}));

const ENTRIES = [
  ...conditions,
  { name: "Running again", bucket: { ...PLAIN, isRerunning: true }, isSealed: false },
  { name: "Stale", bucket: { ...PLAIN, isStale: true }, isSealed: false },
  { name: "Merged", bucket: { ...PLAIN, intervals: 2 }, isSealed: false },
  { name: "Sealed", bucket: PLAIN, isSealed: true },
];

/** Says what the cells of a heat map mean. */
export function Legend() {
  return (
    <ul className={styles.legend} aria-label="Meaning of the cells">
      {ENTRIES.map(({ name, bucket, isSealed }) => (
        <li key={name}>
          <svg width={24} height={20} aria-hidden="true">
            <CellShape
              cell={{ index: 0, bucket, from: 0, to: 1, isContinued: false, continues: false }}
              x={0}
              width={24}
              height={21}
              isSealed={isSealed}
              isSelected={false}
            />
          </svg>
          {name}
        </li>
      ))}
    </ul>
  );
}
