import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { DeadlineRecord } from "@tidegate/core";
import { groupQuery, runQuery, runsQuery } from "../../api/queries.js";
import { StatusBadge } from "../../parts/badge.js";
import { Card } from "../../parts/card.js";
import { GroupLink } from "../../parts/group-link.js";
import parts from "../../parts/parts.module.css";
import { visible } from "../../parts/visible.js";
import { intervalText } from "../../time/format.js";
import { Instant } from "../../time/instant.js";
import styles from "./dependencies.module.css";
import { type Graph, type GraphEdge, windowText } from "./graph.js";
import { PathList } from "./path-list.js";

/** A group of the picture: what it needs, what is missing of that, and what needs it. */
export function GroupCard({ graph, groupId }: { readonly graph: Graph; readonly groupId: string }) {
  const node = graph.nodes.find((each) => each.groupId === groupId);
  const isKnown = node?.schedule !== undefined;
  const group = useQuery({ ...groupQuery(groupId), enabled: isKnown });
  const needs = graph.edges.filter(({ to }) => to === groupId);
  const neededBy = graph.edges.filter(({ from }) => from === groupId);
  const zone = node?.schedule?.spec.timezone ?? "UTC";
  return (
    <Card
      title={groupId}
      aside={isKnown ? <StatusBadge status={node.schedule.status} /> : <span>not registered</span>}
    >
      <div className={`${parts.body} ${styles.card}`}>
        {isKnown && (
          <p className={styles.facts}>
            <GroupLink groupId={groupId} />
            {group.data !== undefined && (
              <span>
                Covered through <Instant at={group.data.coveredThrough} zone={zone} /> ({zone})
              </span>
            )}
          </p>
        )}
        <Edges title="Needs" edges={needs} end="from" />
        {node?.schedule !== undefined && node.schedule.gatedRuns > 0 && (
          <Missing groupId={groupId} zone={zone} deadlines={group.data?.deadlines ?? []} />
        )}
        <Edges title="Needed by" edges={neededBy} end="to" />
      </div>
    </Card>
  );
}

interface EdgesProps {
  readonly title: string;
  readonly edges: readonly GraphEdge[];
  readonly end: "from" | "to";
}

function Edges({ title, edges, end }: EdgesProps) {
  if (edges.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul>
        {edges.map((edge) => (
          <li key={edge.key}>
            <Link to="/dependencies" search={{ group: edge[end] }}>
              <bdi>{edge[end]}</bdi>
            </Link>{" "}
            <span className={parts.muted}>for {windowText(edge.dependency)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

interface MissingProps {
  readonly groupId: string;
  readonly zone: string;
  readonly deadlines: readonly DeadlineRecord[];
}

/** The data that the oldest waiting run lacks, and the chain of waits that leads to it. */
function Missing({ groupId, zone, deadlines }: MissingProps) {
  const runs = useQuery(runsQuery({ groupId, states: ["PLANNED"], order: "ascending" }, 20));
  const run = runs.data?.items.find(({ place }) => place === "gated");
  const explained = useQuery({ ...runQuery(run?.id ?? ""), enabled: run !== undefined });
  if (run === undefined || explained.data === undefined) return null;
  return (
    <>
      <h3>Missing</h3>
      <p>
        <Link to="/runs/$runId" params={{ runId: run.id }}>
          {intervalText(run, zone)}
        </Link>{" "}
        waits:
      </p>
      <ul>
        {explained.data.reasons.map((reason) => (
          <li key={reason}>{visible(reason)}</li>
        ))}
      </ul>
      <PathList run={explained.data.run} zone={zone} deadlines={deadlines} />
    </>
  );
}
