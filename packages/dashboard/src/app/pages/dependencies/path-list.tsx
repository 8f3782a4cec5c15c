import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { DeadlineRecord, Run } from "@tidegate/core";
import { pathQuery } from "../../api/queries.js";
import parts from "../../parts/parts.module.css";
import { visible } from "../../parts/visible.js";
import { durationText, intervalText } from "../../time/format.js";
import { Instant } from "../../time/instant.js";
import { type CriticalPath, criticalPath, type PathStep } from "./critical-path.js";

interface PathListProps {
  readonly run: Run;
  readonly zone: string;
  /** Deadlines of the group that are at risk or missed. */
  readonly deadlines: readonly DeadlineRecord[];
}

/** The chain of waits that makes a run late. */
export function PathList({ run, zone, deadlines }: PathListProps) {
  const { data: path } = useQuery(pathQuery(run, criticalPath));
  if (path === undefined || path.length < 2) return null;
  const deadline = deadlines.find(({ lower, upper }) => lower === run.lower && upper === run.upper);
  return (
    <>
      <h3>Critical path</h3>
      <p>
        <Outlook path={path} zone={zone} />
        {deadline !== undefined && (
          <>
            {" "}
            Its deadline is <Instant at={deadline.deadlineAt} zone={zone} />.
          </>
        )}
      </p>
      <ol aria-label="Critical path">
        {path.map((step) => (
          <li key={`${step.groupId} ${step.run?.id ?? ""}`}>
            <Step step={step} zone={zone} />
          </li>
        ))}
      </ol>
    </>
  );
}

function Outlook({ path, zone }: { readonly path: CriticalPath; readonly zone: string }) {
  const last = path.at(-1)!;
  const { endsAt } = path[0]!;
  if (last.run?.state === "FAILED")
    return (
      <>
        It cannot begin before somebody retries or cancels the run of <bdi>{last.groupId}</bdi>.
      </>
    );
  if (last.run === undefined)
    return (
      <>
        It begins when <bdi>{last.groupId}</bdi> has covered what it lacks, for which no run is planned yet.
      </>
    );
  if (endsAt === undefined) return <>It begins when all of these have ended.</>;
  return (
    <>
      If all goes as usual, it has ended by <Instant at={endsAt} zone={zone} />.
    </>
  );
}

function Step({
  step: { groupId, run, typicalMs },
  zone,
}: {
  readonly step: PathStep;
  readonly zone: string;
}) {
  const usual = typicalMs === undefined ? "" : `, usually takes ${durationText(typicalMs)}`;
  return (
    <>
      <Link to="/dependencies" search={{ group: groupId }}>
        <bdi>{groupId}</bdi>
      </Link>{" "}
      {run === undefined ? (
        <span className={parts.muted}>has no run for it yet{usual}</span>
      ) : (
        <>
          <Link to="/runs/$runId" params={{ runId: run.id }}>
            {intervalText(run, zone)}
          </Link>{" "}
          <span className={parts.muted}>
            {stateText(run)}
            {usual}
          </span>
        </>
      )}
    </>
  );
}

function stateText({ state, place, error }: Run): string {
  if (state === "FAILED") return `has failed: ${visible(error?.message ?? "without a message")}`;
  if (state !== "PLANNED") return "is running";
  if (place === "gated") return "waits for its gates";
  return place === "waiting" ? "waits for the run before it" : "waits to be started";
}
