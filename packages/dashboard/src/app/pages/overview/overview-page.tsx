import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import {
  activeRunsQuery,
  blockingRunsQuery,
  deadlinesQuery,
  doubtfulRunsQuery,
  failedRunsQuery,
  firstGroupsQuery,
  poolsQuery,
  refusedSchedulesQuery,
  runsQuery,
  staleQuery,
} from "../../api/queries.js";
import { Badge } from "../../parts/badge.js";
import { Card } from "../../parts/card.js";
import { Figures } from "../../parts/figure.js";
import { GroupLink } from "../../parts/group-link.js";
import parts from "../../parts/parts.module.css";
import { RunTable } from "../../parts/run-table.js";
import { visible } from "../../parts/visible.js";
import { intervalText, viewerZone } from "../../time/format.js";
import { Instant } from "../../time/instant.js";
import { useNow } from "../../time/now.js";
import { type Concern, concernsOf } from "./attention.js";
import { FirstSteps } from "./first-steps.js";
import { Lanes } from "./lanes.js";
import styles from "./overview.module.css";

const recentRunsQuery = runsQuery({}, 500);

/** All that needs a person, worst first; then the runs on a time axis. */
export function OverviewPage() {
  const now = useNow();
  const groups = useQuery(firstGroupsQuery);
  const blocking = useQuery(blockingRunsQuery);
  const active = useQuery(activeRunsQuery);
  const recent = useQuery(recentRunsQuery);
  const pools = useQuery(poolsQuery);
  const concerns = concernsOf({
    blocking: blocking.data?.items ?? [],
    failed: useQuery(failedRunsQuery).data?.items ?? [],
    doubtful: useQuery(doubtfulRunsQuery).data?.items ?? [],
    deadlines: useQuery(deadlinesQuery).data?.items ?? [],
    refused: useQuery(refusedSchedulesQuery).data?.items ?? [],
    stale: useQuery(staleQuery).data ?? [],
  });
  if (groups.data === undefined || blocking.data === undefined) return null;
  if (groups.data.items.length === 0) return <FirstSteps />;
  const running = active.data?.items ?? [];
  return (
    <>
      <div className={parts.head}>
        <div className={parts.headText}>
          <h1>Overview</h1>
          <p>{headline(concerns)}</p>
        </div>
      </div>
      <Figures
        items={[
          { name: "Needs a person", value: concerns.length },
          { name: "Running now", value: running.length },
          {
            name: "Groups",
            value: `${groups.data.items.length}${groups.data.next === undefined ? "" : "+"}`,
          },
          ...(pools.data ?? []).slice(0, 3).map(({ name, used, slots, waitingRuns }) => ({
            name: `Pool ${name}`,
            value: `${used} of ${slots}`,
            note: waitingRuns === 0 ? "nothing waits" : `${waitingRuns} wait`,
          })),
        ]}
      />
      <Card title="Needs a person">
        {concerns.length === 0 ? (
          <p className={styles.allGood}>
            <Badge tone="good" icon="check" text="All clear" /> Nothing is blocked, failed, late or stale.
          </p>
        ) : (
          <ul className={styles.concerns}>
            {concerns.slice(0, 50).map((concern) => (
              <ConcernRow key={concern.key} concern={concern} />
            ))}
          </ul>
        )}
        <p className={styles.live} aria-live="polite">
          {concerns[0] === undefined ? "" : `${concerns[0].title}: ${concerns[0].groupId}`}
        </p>
      </Card>
      <Card title="Recent runs" aside={<span className={parts.muted}>times in {viewerZone}</span>}>
        <Lanes runs={recent.data?.items ?? []} schedules={groups.data.items} now={now} />
      </Card>
      {running.length > 0 && (
        <Card title="Running now">
          <RunTable runs={running} hasGroups />
        </Card>
      )}
    </>
  );
}

function headline(concerns: readonly Concern[]): string {
  if (concerns.length === 0) return "Everything is where it should be.";
  const groups = new Set(concerns.map(({ groupId }) => groupId)).size;
  const things = concerns.length === 1 ? "1 thing needs" : `${concerns.length} things need`;
  return `${things} a person, in ${groups === 1 ? "1 group" : `${groups} groups`}.`;
}

function ConcernRow({ concern }: { readonly concern: Concern }) {
  const { tone, title, groupId, runId, detail, interval, since } = concern;
  return (
    <li>
      <Badge tone={tone} icon={tone === "bad" ? "alert" : "clock"} text={title} />
      <div className={styles.concern}>
        <div className={styles.concernHead}>
          <GroupLink groupId={groupId} />
          {interval !== null &&
            (runId === null ? (
              <span className={parts.muted}>{intervalText(interval, viewerZone)}</span>
            ) : (
              <Link to="/runs/$runId" params={{ runId }}>
                {intervalText(interval, viewerZone)}
              </Link>
            ))}
        </div>
        {detail !== "" && (
          <p className={parts.mono}>
            <bdi>{visible(detail).slice(0, 300)}</bdi>
          </p>
        )}
      </div>
      <span className={styles.since}>
        <Instant at={since} isRelative />
      </span>
    </li>
  );
}
