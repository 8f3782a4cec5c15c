import { useWindowVirtualizer } from "@tanstack/react-virtual";
import type { Schedule } from "@tidegate/core";
import { useEffect, useRef } from "react";
import { Badge, StatusBadge } from "../../parts/badge.js";
import { GroupLink } from "../../parts/group-link.js";
import { visible } from "../../parts/visible.js";
import { instantText, viewerZone } from "../../time/format.js";
import { Instant } from "../../time/instant.js";
import styles from "./groups.module.css";

/** Height of a row, px. */
const ROW = 52;

interface TableProps {
  readonly groups: readonly Schedule[];
  readonly isMore: boolean;
  readonly onEnd: () => void;
}

/** Groups as a table. Only the rows that can be seen are in the page, however many groups there are. */
export function GroupsTable({ groups, isMore, onEnd }: TableProps) {
  const body = useRef<HTMLDivElement>(null);
  const rows = useWindowVirtualizer({
    count: groups.length,
    estimateSize: () => ROW,
    overscan: 12,
    scrollMargin: body.current?.offsetTop ?? 0,
  });
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (isMore && last >= groups.length - 20) onEnd();
  }, [isMore, last, groups.length, onEnd]);
  return (
    <div
      role="table"
      aria-label="Groups"
      aria-rowcount={isMore ? -1 : groups.length + 1}
      className={styles.table}
    >
      <div role="row" className={`${styles.row} ${styles.headRow}`} aria-rowindex={1}>
        {["Group", "State", "Next fire", "Planned through", "Waiting", "Labels"].map((name) => (
          <span key={name} role="columnheader">
            {name}
          </span>
        ))}
      </div>
      <div role="rowgroup" ref={body} style={{ height: rows.getTotalSize(), position: "relative" }}>
        {items.map(({ key, index, start }) => (
          <GroupRow key={key} group={groups[index]!} index={index} top={start - rows.options.scrollMargin} />
        ))}
      </div>
    </div>
  );
}

interface GroupRowProps {
  readonly group: Schedule;
  readonly index: number;
  readonly top: number;
}

function GroupRow({ group, index, top }: GroupRowProps) {
  const { spec, status, nextFireAt, watermark, waitingRuns, gatedRuns, blockingRuns } = group;
  const zone = spec.timezone;
  return (
    <div
      role="row"
      aria-rowindex={index + 2}
      className={styles.row}
      style={{ transform: `translateY(${top}px)` }}
    >
      <Cell name="Group">
        <span className={styles.group}>
          <GroupLink groupId={spec.groupId} />
        </span>
        {spec.description !== "" && <span className={styles.quiet}>{visible(spec.description)}</span>}
      </Cell>
      <Cell name="State">
        {blockingRuns > 0 ? (
          <Badge tone="bad" icon="alert" text="Blocked" />
        ) : (
          <StatusBadge status={status} />
        )}
      </Cell>
      <Cell name="Next fire">
        {nextFireAt !== null && status === "REGISTERED" && <NextFire at={nextFireAt} zone={zone} />}
      </Cell>
      <Cell name="Planned through">
        <time dateTime={new Date(watermark).toISOString()}>{instantText(watermark, zone)}</time>
      </Cell>
      <Cell name="Waiting">{waitingRuns + gatedRuns > 0 ? waitingRuns + gatedRuns : ""}</Cell>
      <Cell name="Labels">
        <span className={styles.labels}>
          {Object.entries(spec.labels).map(([name, value]) => (
            <span key={name}>
              <bdi>{visible(`${name}=${value}`)}</bdi>
            </span>
          ))}
        </span>
      </Cell>
    </div>
  );
}

/** The next fire in the zone of its group, and of the person who looks, if it is another time there. */
function NextFire({ at, zone }: { readonly at: number; readonly zone: string }) {
  const own = instantText(at, viewerZone);
  return (
    <>
      <Instant at={at} zone={zone} />
      <span className={styles.quiet}>{own === instantText(at, zone) ? zone : `${zone} · yours: ${own}`}</span>
    </>
  );
}

function Cell({ name, children }: { readonly name: string; readonly children: React.ReactNode }) {
  return (
    <span role="cell" data-name={name}>
      {children}
    </span>
  );
}
