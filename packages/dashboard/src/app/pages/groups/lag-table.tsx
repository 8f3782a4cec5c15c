import type { Lags } from "@tidegate/core";
import { Empty } from "../../parts/empty.js";
import { GroupLink } from "../../parts/group-link.js";
import { Table } from "../../parts/table.js";
import { durationText, viewerZone } from "../../time/format.js";
import { Instant } from "../../time/instant.js";

interface LagTableProps {
  readonly lags: Lags;
  /** Only groups whose ids begin with this. */
  readonly prefix: string;
}

/** The groups that are furthest behind: the most planned time that is not covered comes first. */
export function LagTable({ lags: { groups, isWhole }, prefix }: LagTableProps) {
  const shown = groups.filter(({ groupId }) => groupId.startsWith(prefix));
  if (shown.length === 0) {
    return (
      <Empty title={isWhole ? "No group is behind" : "None of the groups that are furthest behind"}>
        <p>
          {isWhole
            ? `All that is planned is covered${prefix === "" ? "" : ", of the groups that begin so"}.`
            : "The list is cut: other groups may be behind as well."}
        </p>
      </Empty>
    );
  }
  return (
    <Table
      name="Groups that are behind"
      isCard
      head={["Group", "Behind by", "Covered through", "Planned through"]}
      rows={shown.map(({ groupId, lagMs, coveredThrough, plannedThrough }) => ({
        key: groupId,
        cells: [
          <GroupLink key="group" groupId={groupId} />,
          durationText(lagMs),
          <Instant key="covered" at={coveredThrough} zone={viewerZone} />,
          <Instant key="planned" at={plannedThrough} zone={viewerZone} />,
        ],
      }))}
      note={isWhole ? undefined : "The list is cut: other groups may be behind as well."}
    />
  );
}
