import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Run } from "@tidegate/core";
import { groupQuery, runQuery } from "../../api/queries.js";
import { RunBadge } from "../../parts/badge.js";
import { Card } from "../../parts/card.js";
import { Empty } from "../../parts/empty.js";
import { Figures } from "../../parts/figure.js";
import { GroupLink } from "../../parts/group-link.js";
import { Icon } from "../../parts/icon.js";
import parts from "../../parts/parts.module.css";
import { Positions } from "../../parts/positions.js";
import { visible } from "../../parts/visible.js";
import { durationText, intervalText } from "../../time/format.js";
import { Instant } from "../../time/instant.js";
import { Attempts } from "./attempts.js";
import styles from "./run.module.css";
import { RunActions } from "./run-actions.js";
import { RunLogCard } from "./run-log.js";
import { ShardsCard } from "./shards.js";
import { Timeline } from "./timeline.js";

const route = getRouteApi("/runs/$runId");

/** One run: why it is where it is, what happened, and what a person can do about it. */
export function RunPage() {
  const { runId } = route.useParams();
  const { data, error } = useQuery(runQuery(runId));
  const group = useQuery({ ...groupQuery(data?.run.groupId ?? ""), enabled: data !== undefined });
  if (error !== null && data === undefined) {
    return (
      <Empty isPage title="This run cannot be shown">
        {error.message}
      </Empty>
    );
  }
  if (data === undefined) return null;
  const { run, reasons } = data;
  const zone = group.data?.schedule.spec.timezone ?? "UTC";
  return (
    <>
      <div className={parts.head}>
        <div className={parts.headText}>
          <div className={parts.crumbs}>
            <Link to="/groups">Groups</Link> / <GroupLink groupId={run.groupId} />
          </div>
          <div className={parts.titleRow}>
            <h1>{intervalText(run, zone)}</h1>
            <RunBadge state={run.state} />
          </div>
          <p>
            {zone} · {durationText(run.upper - run.lower)}
            {run.intervals > 1 && ` · one run for ${run.intervals} intervals`}
            {run.generation > 0 && ` · generation ${run.generation}`}
          </p>
        </div>
        <RunActions run={run} />
      </div>
      <section className={styles.explanation} aria-label="Explanation">
        <Icon name={data.isWaiting ? "clock" : run.state === "FAILED" ? "alert" : "check"} size={18} />
        <ul>
          {reasons.map((reason) => (
            <li key={reason}>
              <bdi>{visible(reason)}</bdi>
            </li>
          ))}
        </ul>
      </section>
      <Figures items={figuresOf(run)} />
      <Card title="Timeline" aside={<span className={parts.muted}>{zone}</span>}>
        <Timeline run={run} zone={zone} />
      </Card>
      <Card title="Attempts">
        <Attempts run={run} zone={zone} />
      </Card>
      <RunLogCard key={run.id} run={run} />
      {group.data?.schedule.spec.shards != null && <ShardsCard runId={run.id} />}
      {run.offsets !== null && (
        <Card title="Positions">
          <Positions
            columns={[
              { name: "From", positions: run.offsets.lower },
              { name: "To, exclusive", positions: run.offsets.upper },
            ]}
          />
        </Card>
      )}
      {run.inputs.length > 0 && (
        <Card title="Inputs">
          <ul className={styles.inputs}>
            {run.inputs.map((input) => (
              <li key={`${input.groupId}/${input.lower}`}>
                <GroupLink groupId={input.groupId} /> {intervalText(input, zone)}{" "}
                {(input.missing ?? []).length > 0 && "· not all of it was covered"}
              </li>
            ))}
          </ul>
        </Card>
      )}
      <Card title="Facts">
        <dl className={styles.facts}>
          <Fact name="Run" value={<code>{run.id}</code>} />
          <Fact name="Origin" value={run.kind.toLowerCase()} />
          <Fact name="Operator" value={run.operator} />
          <Fact name="Version of the schedule" value={run.scheduleVersion} />
          {run.jobId !== null && <Fact name="Job" value={<JobLink run={run} />} />}
          {run.backfillId !== null && <Fact name="Backfill" value={<code>{run.backfillId}</code>} />}
          {run.reason !== null && <Fact name="Reason" value={run.reason} />}
          {run.markedReady !== null && <Fact name="Marked ready" value={visible(run.markedReady.note)} />}
        </dl>
      </Card>
    </>
  );
}

function figuresOf(run: Run) {
  const { startedAt, endedAt, attempt, metrics, scheduledTime } = run;
  return [
    { name: "Due", value: <Instant at={scheduledTime} isRelative /> },
    {
      name: "Took",
      value: startedAt === null ? "–" : durationText(Math.max(0, (endedAt ?? Date.now()) - startedAt)),
    },
    { name: "Attempt", value: attempt },
    { name: "Rows read", value: metrics?.rowsRead?.toLocaleString("en") ?? "–" },
    { name: "Rows written", value: metrics?.rowsWritten?.toLocaleString("en") ?? "–" },
  ];
}

function Fact({ name, value }: { readonly name: string; readonly value: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <bdi>{value}</bdi>
      </dd>
    </div>
  );
}

/** Only addresses of the web are links: a job could name others. */
function JobLink({ run: { jobId, jobAddress } }: { readonly run: Run }) {
  const id = <code>{visible(jobId ?? "")}</code>;
  const isWeb = jobAddress !== null && /^https?:\/\//i.test(jobAddress);
  return isWeb ? (
    <a href={jobAddress} target="_blank" rel="noreferrer noopener">
      {id}
    </a>
  ) : (
    id
  );
}
