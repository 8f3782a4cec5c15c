import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { LateTime } from "@tidegate/core";
import { lateQuery } from "../../api/queries.js";
import { Badge, type Tone } from "../../parts/badge.js";
import { GroupLink } from "../../parts/group-link.js";
import type { IconName } from "../../parts/icon.js";
import parts from "../../parts/parts.module.css";
import { intervalText } from "../../time/format.js";
import { Instant } from "../../time/instant.js";
import styles from "./group.module.css";

const LOOKS: Readonly<Record<LateTime["state"], readonly [Tone, IconName, string]>> = {
  PENDING: ["info", "clock", "Not settled yet"],
  MARKED: ["warn", "alert", "Marked"],
  RESTATED: ["good", "repeat", "Run again"],
  SEALED: ["warn", "lock", "Sealed"],
  IGNORED: ["quiet", "dash", "Ignored"],
};

/** Time of a group for which rows came after it had been covered, newest first. */
export function LateTab({ groupId, zone }: { readonly groupId: string; readonly zone: string }) {
  const { data, error } = useQuery(lateQuery(groupId));
  if (error !== null) return <p className={styles.none}>{error.message}</p>;
  if (data === undefined) return null;
  if (data.items.length === 0) return <p className={styles.none}>No rows have come late.</p>;
  return (
    <section className={parts.scroll} tabIndex={0} aria-label="Late data">
      <table className={parts.table}>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Became of it</th>
            <th scope="col">Rows</th>
            <th scope="col">Reported by</th>
            <th scope="col">Last run</th>
            <th scope="col">Last</th>
          </tr>
        </thead>
        <tbody>
          {data.items.map((late) => {
            const [tone, icon, text] = LOOKS[late.state];
            return (
              <tr key={`${late.reportedBy} ${late.lower} ${late.upper}`}>
                <td>{intervalText(late, zone)}</td>
                <td>
                  <Badge tone={tone} icon={icon} text={text} />
                </td>
                <td className="number">{late.rowsLate?.toLocaleString("en") ?? "not counted"}</td>
                <td>
                  <GroupLink groupId={late.reportedBy} />
                </td>
                <td>
                  <Link to="/runs/$runId" params={{ runId: late.runId }}>
                    {late.reports === 1 ? "its run" : `the last of ${late.reports}`}
                  </Link>
                </td>
                <td>
                  <Instant at={late.lastAt} isRelative />
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}
