import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { CoverageBuckets, Description } from "@tidegate/core";
import { groupQuery, summaryQuery } from "../../api/queries.js";
import { shareText } from "../../heat-map/cell-text.js";
import { Badge, StatusBadge } from "../../parts/badge.js";
import { Empty } from "../../parts/empty.js";
import { Figures } from "../../parts/figure.js";
import parts from "../../parts/parts.module.css";
import { visible } from "../../parts/visible.js";
import { countText } from "../../time/format.js";
import { Instant } from "../../time/instant.js";
import { CoverageCard } from "./coverage-card.js";
import styles from "./group.module.css";
import { GroupActions } from "./group-actions.js";
import { GroupTabs } from "./group-tabs.js";
import { SourceCard } from "./source-card.js";

export { groupSearch } from "./search.js";

const route = getRouteApi("/groups/$groupId");

/** One group: is everything there, what is missing, and why. */
export function GroupPage() {
  const { groupId } = route.useParams();
  const { data, error } = useQuery(groupQuery(groupId));
  const summary = useQuery(summaryQuery(groupId));
  if (error !== null && data === undefined) {
    return (
      <Empty isPage title="This group cannot be shown">
        {error.message}
      </Empty>
    );
  }
  if (data === undefined) return null;
  const { schedule, notes } = data;
  const { spec, status, statusReason, blockingRuns } = schedule;
  return (
    <>
      <div className={parts.head}>
        <div className={parts.headText}>
          <div className={parts.crumbs}>
            <Link to="/groups">Groups</Link>
            {spec.dependsOn != null && (
              <>
                {" · "}
                <Link to="/dependencies" search={{ group: spec.groupId }}>
                  Dependencies
                </Link>
              </>
            )}
          </div>
          <div className={parts.titleRow}>
            <h1>
              <bdi>{spec.groupId}</bdi>
            </h1>
            <StatusBadge status={status} />
            {blockingRuns > 0 && <Badge tone="bad" icon="alert" text="Blocked" />}
          </div>
          {spec.description !== "" && <p>{visible(spec.description)}</p>}
        </div>
        <GroupActions description={data} />
      </div>
      {statusReason !== null && statusReason !== "" && (
        <div className={`${parts.notice} ${styles.reason}`}>
          <p>{visible(statusReason)}</p>
        </div>
      )}
      <Figures items={figuresOf(data, summary.data)} />
      <CoverageCard description={data} />
      <SourceCard schedule={schedule} />
      {notes.length > 0 && (
        <details className={styles.notes}>
          <summary>{notes.length === 1 ? "1 note" : `${notes.length} notes`} on this schedule</summary>
          <ul>
            {notes.map((note) => (
              <li key={note}>{visible(note)}</li>
            ))}
          </ul>
        </details>
      )}
      <GroupTabs description={data} />
    </>
  );
}

function figuresOf(
  { schedule, coveredThrough, sealedThrough, counts }: Description,
  summary: CoverageBuckets | undefined,
) {
  const { spec, watermark, nextFireAt, status } = schedule;
  const zone = spec.timezone;
  return [
    {
      name: "Succeeded",
      value: summary === undefined || summary.buckets.length === 0 ? "–" : shareText(shareOf(summary)),
      note: countText(counts.byState.SUCCEEDED, "run"),
    },
    { name: "Covered through", value: <Instant at={coveredThrough} zone={zone} /> },
    { name: "Planned through", value: <Instant at={watermark} zone={zone} /> },
    {
      name: "Sealed through",
      value: sealedThrough === null ? "nothing" : <Instant at={sealedThrough} zone={zone} />,
    },
    {
      name: "Next fire",
      value:
        nextFireAt === null || status === "PAUSED" ? (
          "none"
        ) : (
          <Instant at={nextFireAt} zone={zone} isRelative />
        ),
      note: zone,
    },
  ];
}

/** Returns how much of a group's time has succeeded, 0 to 1. */
function shareOf({ buckets }: CoverageBuckets): number {
  const total = buckets.reduce((sum, { lower, upper }) => sum + upper - lower, 0);
  return (
    buckets.reduce((sum, { lower, upper, succeededShare }) => sum + (upper - lower) * succeededShare, 0) /
    total
  );
}
