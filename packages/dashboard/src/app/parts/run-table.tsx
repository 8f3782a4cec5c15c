import { Link } from "@tanstack/react-router";
import type { Run } from "@tidegate/core";
import { durationText, intervalText, viewerZone } from "../time/format.js";
import { Instant } from "../time/instant.js";
import { RunBadge } from "./badge.js";
import { GroupLink } from "./group-link.js";
import styles from "./parts.module.css";
import { visible } from "./visible.js";

interface RunTableProps {
  readonly runs: readonly Run[];
  /** The zone of the intervals. @default the viewer's */
  readonly zone?: string;
  /** Shows the groups as well. */
  readonly hasGroups?: boolean;
}

/** Runs, one a row. */
export function RunTable({ runs, zone = viewerZone, hasGroups = false }: RunTableProps) {
  return (
    <section className={styles.scroll} tabIndex={0} aria-label="Runs">
      <table className={styles.table}>
        <thead>
          <tr>
            {hasGroups && <th scope="col">Group</th>}
            <th scope="col">Interval</th>
            <th scope="col">State</th>
            <th scope="col">Started</th>
            <th scope="col">Took</th>
            <th scope="col">Attempt</th>
            <th scope="col">Note</th>
          </tr>
        </thead>
        <tbody>
          {runs.map((run) => (
            <tr key={run.id}>
              {hasGroups && (
                <td>
                  <GroupLink groupId={run.groupId} />
                </td>
              )}
              <td>
                <Link to="/runs/$runId" params={{ runId: run.id }}>
                  {intervalText(run, zone)}
                </Link>
              </td>
              <td>
                <RunBadge state={run.state} />
              </td>
              <td>{run.startedAt === null ? "" : <Instant at={run.startedAt} isRelative />}</td>
              <td className="number">{tookText(run)}</td>
              <td className="number">{run.attempt}</td>
              <td className={styles.mono}>
                <bdi>{noteOf(run)}</bdi>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function tookText({ startedAt, endedAt }: Run): string {
  return startedAt === null || endedAt === null ? "" : durationText(Math.max(0, endedAt - startedAt));
}

function noteOf({ error, reason, kind, isSuperseded }: Run): string {
  if (error !== null) return visible(error.message).slice(0, 160);
  if (isSuperseded) return "superseded";
  return reason ?? (kind === "SCHEDULED" ? "" : kind.toLowerCase());
}
