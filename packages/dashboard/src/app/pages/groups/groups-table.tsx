import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { coverOf, type GroupCover } from "@tidegate/client";
import type { DeadlineRecord, Lags, Schedule } from "@tidegate/core";
import { useEffect, useRef } from "react";
import { Badge, StatusBadge } from "../../parts/badge.js";
import { GroupLink } from "../../parts/group-link.js";
import { visible } from "../../parts/visible.js";
import { durationText, instantText, viewerZone } from "../../time/format.js";
import { Instant } from "../../time/instant.js";
import styles from "./groups.module.css";

/** Height of a row, px. */
const ROW = 52;

interface TableProps {
  readonly groups: readonly Schedule[];
  /** Of the groups that lag most; `undefined` until they are known. */
  readonly lags: Lags | undefined;
  /** Those that are missed or at risk. */
  readonly deadlines: readonly DeadlineRecord[];
  readonly isMore: boolean;
  readonly onEnd: () => void;
}

/** Groups as a table. Only the rows that can be seen are in the page, however many groups there are. */
export function GroupsTable({ groups, lags, deadlines, isMore, onEnd }: TableProps) {
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
        {["Group", "State", "Next fire", "Covered through", "Planned through", "Waiting", "Labels"].map(
          (name) => (
            <span key={name} role="columnheader">
              {name}
            </span>
          ),
        )}
      </div>
      <div role="rowgroup" ref={body} style={{ height: rows.getTotalSize(), position: "relative" }}>
        {items.map(({ key, index, start }) => (
          <GroupRow
            key={key}
            group={groups[index]!}
            cover={lags && coverOf(groups[index]!, lags)}
            deadline={worstOf(groups[index]!, deadlines)}
            index={index}
            top={start - rows.options.scrollMargin}
          />
        ))}
      </div>
    </div>
  );
}

interface GroupRowProps {
  readonly group: Schedule;
  readonly cover: GroupCover | undefined;
  readonly deadline: DeadlineRecord["state"] | undefined;
  readonly index: number;
  readonly top: number;
}

/** Returns the worst state of a group's deadlines; `undefined` if none is missed or at risk. */
function worstOf(
  { spec: { groupId } }: Schedule,
  deadlines: readonly DeadlineRecord[],
): DeadlineRecord["state"] | undefined {
  const own = deadlines.filter((deadline) => deadline.groupId === groupId);
  return (own.find(({ state }) => state === "MISSED") ?? own[0])?.state;
}

function GroupRow({ group, cover, deadline, index, top }: GroupRowProps) {
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
        {deadline === "MISSED" && <Badge tone="bad" icon="clock" text="Late" />}
        {deadline === "AT_RISK" && <Badge tone="warn" icon="clock" text="At risk" />}
      </Cell>
      <Cell name="Next fire">
        {nextFireAt !== null && status === "REGISTERED" && <NextFire at={nextFireAt} zone={zone} />}
      </Cell>
      <Cell name="Covered through">
        {cover !== undefined && (
          <>
            <time dateTime={new Date(cover.coveredThrough).toISOString()}>
              {instantText(cover.coveredThrough, zone)}
            </time>
            <span className={styles.quiet}>
              {cover.lagMs > 0 ? `${durationText(cover.lagMs)} behind` : "as planned"}
            </span>
          </>
        )}
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
  const [date, ...time] = instantText(at, viewerZone).split(", ");
  const [there, ...timeThere] = instantText(at, zone).split(", ");
  const own = date === there ? time.join() : `${date}, ${time.join()}`;
  const isSame = date === there && time.join() === timeThere.join();
  return (
    <>
      <Instant at={at} zone={zone} />
      <span className={styles.quiet}>{isSame ? zone : `yours: ${own} · ${zone}`}</span>
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
