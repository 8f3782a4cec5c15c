import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Run } from "@tidegate/core";
import { useState } from "react";
import { useAction } from "../../api/actions.js";
import { manager } from "../../api/connection.js";
import { groupQuery, runQuery } from "../../api/queries.js";
import { RunBadge } from "../../parts/badge.js";
import { Button } from "../../parts/button.js";
import { Card } from "../../parts/card.js";
import { Dialog, NoteField } from "../../parts/dialog.js";
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
import { RunLogCard } from "./run-log.js";
import { ShardsCard } from "./shards.js";
import { Timeline } from "./timeline.js";

const route = getRouteApi("/runs/$runId");

type Act = "retry" | "cancel" | "markReady";

/** One run: why it is where it is, what happened, and what a person can do about it. */
export function RunPage() {
  const { runId } = route.useParams();
  const { data, error } = useQuery(runQuery(runId));
  const group = useQuery({ ...groupQuery(data?.run.groupId ?? ""), enabled: data !== undefined });
  const [asked, setAsked] = useState<Act | undefined>();
  if (error !== null && data === undefined) {
    return <Empty title="This run cannot be shown">{error.message}</Empty>;
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
        <div className={parts.actions}>
          {canRetry(run) && (
            <Button look="primary" onClick={() => setAsked("retry")}>
              <Icon name="repeat" /> Retry
            </Button>
          )}
          {run.place === "gated" && <Button onClick={() => setAsked("markReady")}>Mark ready</Button>}
          {canCancel(run) && (
            <Button look="danger" onClick={() => setAsked("cancel")}>
              <Icon name="cross" /> Cancel
            </Button>
          )}
        </div>
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
      {asked !== undefined && <ActDialog act={asked} run={run} onClose={() => setAsked(undefined)} />}
    </>
  );
}

function canRetry({ state, isSuperseded }: Run): boolean {
  return (state === "FAILED" || state === "CANCELLED") && !isSuperseded;
}

function canCancel({ state, isCancelRequested, isBlocking }: Run): boolean {
  return !isCancelRequested && (["PLANNED", "SUBMITTING", "RUNNING"].includes(state) || isBlocking);
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

const ACTS: Readonly<Record<Act, { title: string; text: string; action: string }>> = {
  retry: {
    title: "Retry this run?",
    text: "It gets all its attempts again, for the same interval and with the same idempotency key.",
    action: "Retry",
  },
  cancel: {
    title: "Cancel this run?",
    text: "A waiting run is cancelled at once, an active one as soon as its job has stopped. What it blocks continues. Its interval stays uncovered until it runs again.",
    action: "Cancel the run",
  },
  markReady: {
    title: "Begin although its gates hold it?",
    text: "All its conditions count as met, and the run keeps the mark with your note.",
    action: "Mark ready",
  },
};

function ActDialog({
  act,
  run,
  onClose,
}: {
  readonly act: Act;
  readonly run: Run;
  readonly onClose: () => void;
}) {
  const { title, text, action } = ACTS[act];
  const acting = useAction(async (form: FormData) => {
    if (act === "cancel") await manager.cancelRun(run.id);
    else if (act === "markReady") await manager.markReady(run.id, String(form.get("note") ?? ""));
    else await manager.retryRun(run.id, { version: form.has("latest") ? "latest" : "planned" });
    onClose();
  });
  return (
    <Dialog
      title={title}
      action={action}
      isBusy={acting.isPending}
      error={acting.error}
      onConfirm={acting.mutate}
      onClose={onClose}
    >
      <p>{text}</p>
      {act === "retry" && (
        <label className={styles.choice}>
          <input type="checkbox" name="latest" /> With the newest version of the schedule
        </label>
      )}
      {act === "markReady" && <NoteField />}
    </Dialog>
  );
}
