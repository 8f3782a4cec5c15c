import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import { useId, useMemo } from "react";
import { allGroupsQuery } from "../../api/queries.js";
import { Card } from "../../parts/card.js";
import { Empty } from "../../parts/empty.js";
import parts from "../../parts/parts.module.css";
import { countText } from "../../time/format.js";
import styles from "./dependencies.module.css";
import { around, type Graph, graphOf, MOST_NODES } from "./graph.js";
import { GraphPicture } from "./graph-picture.js";
import { GroupCard } from "./group-card.js";

const route = getRouteApi("/dependencies");

/** How far from the chosen group others are drawn if there are too many for one picture. */
const HOPS = 2;

/** Which group needs which, and what is missing. */
export function DependenciesPage() {
  const { group } = route.useSearch();
  const navigate = route.useNavigate();
  const { data, error } = useQuery(allGroupsQuery);
  const whole = useMemo(() => graphOf(data?.groups ?? []), [data]);
  const field = useId();
  if (error !== null && data === undefined) {
    return <Empty title="The dependencies cannot be shown">{error.message}</Empty>;
  }
  if (data === undefined) return null;
  const isLarge = whole.nodes.length > MOST_NODES;
  const shown = shownOf(whole, group, isLarge);
  const select = (next: string | undefined) =>
    navigate({ search: { group: next }, replace: true, resetScroll: false });
  return (
    <>
      <div className={parts.head}>
        <div className={parts.headText}>
          <h1>Dependencies</h1>
          <p>{headline(whole, data.isWhole ? undefined : data.groups.length)}</p>
        </div>
        {whole.nodes.length > 0 && (
          <div className={styles.find}>
            <label htmlFor={field}>Group</label>
            <input
              id={field}
              type="search"
              list={`${field}-groups`}
              defaultValue={group}
              key={group}
              onChange={({ target: { value } }) => {
                const isGroup = whole.nodes.some(({ groupId }) => groupId === value);
                if (isGroup || value === "") select(value === "" ? undefined : value);
              }}
            />
            <datalist id={`${field}-groups`}>
              {whole.nodes.slice(0, 2_000).map(({ groupId }) => (
                <option key={groupId} value={groupId} />
              ))}
            </datalist>
          </div>
        )}
      </div>
      {whole.nodes.length === 0 ? (
        <Empty title="No group depends on another">
          <p>
            A group with <code>dependsOn</code> waits until others have covered its interval. It is drawn here
            then.
          </p>
        </Empty>
      ) : shown === undefined ? (
        <Empty title="Choose a group">
          <p>
            There are {whole.nodes.length.toLocaleString("en")} groups with dependencies: those around the one
            that you choose are drawn.
          </p>
        </Empty>
      ) : (
        <>
          <Card
            title="Dependencies"
            aside={<span className={parts.muted}>from left to right; choose a group for more</span>}
          >
            <GraphPicture
              graph={shown}
              selected={group}
              onSelect={(id) => select(id === group ? undefined : id)}
            />
          </Card>
          {group !== undefined && shown.nodes.some(({ groupId }) => groupId === group) && (
            <GroupCard graph={whole} groupId={group} />
          )}
        </>
      )}
    </>
  );
}

/** Returns what is drawn; `undefined` if there are too many groups, and none is chosen. */
function shownOf(whole: Graph, group: string | undefined, isLarge: boolean): Graph | undefined {
  if (!isLarge) return whole;
  if (group === undefined) return undefined;
  const near = around(whole, group, HOPS);
  return near.nodes.length > MOST_NODES ? around(whole, group, 1) : near;
}

function headline({ nodes, edges }: Graph, read: number | undefined): string {
  const count = edges.length === 1 ? "1 dependency" : `${edges.length.toLocaleString("en")} dependencies`;
  const text = `${countText(nodes.length, "group")}, ${count}.`;
  return read === undefined
    ? text
    : `${text} Only the first ${read.toLocaleString("en")} groups by id have been read.`;
}
