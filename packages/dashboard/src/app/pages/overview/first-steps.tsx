import { Link } from "@tanstack/react-router";
import { useMay } from "../../api/role.js";
import { Empty } from "../../parts/empty.js";
import { Icon } from "../../parts/icon.js";
import parts from "../../parts/parts.module.css";

const FILE = `groupId: orders
trigger: { type: period, every: 1, unit: hour }
timezone: Europe/Berlin
operator: duckdb
job:
  sql: SELECT * FROM 'orders/*.parquet' WHERE at >= $lower AND at < $upper
  target: { path: warehouse/orders }`;

/** Shown while there is no group. */
export function FirstSteps() {
  if (!useMay("editor")) return <Empty isPage title="There is no group yet" />;
  return (
    <Empty isPage title="There is no group yet">
      <p>
        <Link to="/new" className={`${parts.button} ${parts.primary}`}>
          <Icon name="plus" /> Describe the first one here
        </Link>
      </p>
      <p>
        Or in a file, which <code>tidegate apply orders.yaml</code> applies:
      </p>
      <pre>{FILE}</pre>
    </Empty>
  );
}
