import type { Interval } from "@tidegate/core";
import { intervalText } from "../../../time/format.js";
import styles from "./plans.module.css";

/** Most stretches of time that are listed. */
const MOST = 8;

/** Stretches of time, the first of them. */
export function Ranges({ ranges, zone }: { readonly ranges: readonly Interval[]; readonly zone: string }) {
  return (
    <ul className={styles.ranges}>
      {ranges.slice(0, MOST).map((range) => (
        <li key={range.lower}>{intervalText(range, zone)}</li>
      ))}
      {ranges.length > MOST && <li>and {ranges.length - MOST} more</li>}
    </ul>
  );
}
