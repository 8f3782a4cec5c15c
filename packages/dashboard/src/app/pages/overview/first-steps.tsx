import { Empty } from "../../parts/empty.js";

const FILE = `groupId: orders
trigger: { type: period, every: 1, unit: hour }
timezone: Europe/Berlin
operator: duckdb
job:
  sql: SELECT * FROM 'orders/*.parquet' WHERE at >= $lower AND at < $upper
  target: { path: warehouse/orders }`;

/** Shown while there is no group. */
export function FirstSteps() {
  return (
    <Empty title="There is no group yet">
      <p>
        Describe one in a file and apply it with <code>tidegate apply orders.yaml</code>:
      </p>
      <pre>{FILE}</pre>
    </Empty>
  );
}
