import { useQuery } from "@tanstack/react-query";
import type { AuditReport, Interval } from "@tidegate/core";
import { manager } from "../../api/connection.js";
import { shareText } from "../../heat-map/cell-text.js";
import { Badge } from "../../parts/badge.js";
import { Button } from "../../parts/button.js";
import parts from "../../parts/parts.module.css";
import { durationText, intervalText } from "../../time/format.js";
import styles from "./group.module.css";

const SHARES = [
  ["succeeded", "Succeeded"],
  ["active", "Under way"],
  ["failed", "Failed"],
  ["cancelled", "Cancelled"],
  ["skipped", "Skipped"],
] as const;

/** Most stretches of time that are listed. */
const MOST = 20;

/** The audit of a group. It reads the whole ledger, so it is made when a person asks for it. */
export function AuditTab({ groupId, zone }: { readonly groupId: string; readonly zone: string }) {
  const { data, error, isFetching, refetch } = useQuery({
    queryKey: ["audit", groupId],
    queryFn: ({ signal }) => manager.withSignal(signal).audit(groupId),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (error !== null) return <p className={styles.none}>{error.message}</p>;
  if (data === undefined) return <p className={styles.none}>The ledger is being read …</p>;
  const length = data.range.upper - data.range.lower;
  return (
    <div className={parts.body}>
      <div className={styles.verdict}>
        {data.isSound ? (
          <Badge tone="good" icon="check" text="Sound: no gap, no overlap, no doubt" />
        ) : (
          <Badge tone="bad" icon="alert" text="Not sound" />
        )}
        {data.isComplete && <Badge tone="good" icon="check" text="Complete" />}
        <span className={parts.muted}>{intervalText(data.range, zone)}</span>
        <Button onClick={() => refetch()} disabled={isFetching}>
          Audit again
        </Button>
      </div>
      <table className={parts.table}>
        <thead>
          <tr>
            <th scope="col">Condition</th>
            <th scope="col">Share</th>
            <th scope="col">Time</th>
            <th scope="col">Runs</th>
            <th scope="col">Intervals</th>
          </tr>
        </thead>
        <tbody>
          {SHARES.map(([key, name]) => (
            <tr key={key}>
              <th scope="row">{name}</th>
              <td>{length === 0 ? "–" : shareText(data[key].ms / length)}</td>
              <td>{data[key].ms === 0 ? "none" : durationText(data[key].ms)}</td>
              <td>{data[key].runs.toLocaleString("en")}</td>
              <td>{data[key].intervals.toLocaleString("en")}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Findings report={data} zone={zone} />
      <p className={parts.muted}>
        {data.rowsRead.toLocaleString("en")} rows read, {data.rowsWritten.toLocaleString("en")} written,{" "}
        {data.rowsDirty.toLocaleString("en")} rejected.
      </p>
    </div>
  );
}

function Findings({ report, zone }: { readonly report: AuditReport; readonly zone: string }) {
  const findings: readonly (readonly [string, readonly Interval[]])[] = [
    ["Gaps", report.gaps],
    ["Overlaps", report.overlaps],
    ["Doubtful", report.doubtful],
    ["Stale", report.stale],
    ["Owed", report.owed === null ? [] : [report.owed]],
  ];
  return findings
    .filter(([, ranges]) => ranges.length > 0)
    .map(([name, ranges]) => (
      <section key={name} className={styles.finding}>
        <h3>
          {name}: {ranges.length.toLocaleString("en")}
        </h3>
        <ul>
          {ranges.slice(0, MOST).map((range) => (
            <li key={range.lower}>{intervalText(range, zone)}</li>
          ))}
          {ranges.length > MOST && <li>and {ranges.length - MOST} more</li>}
        </ul>
      </section>
    ));
}
