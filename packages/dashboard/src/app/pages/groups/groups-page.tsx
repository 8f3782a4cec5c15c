import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import type { Schedule } from "@tidegate/core";
import { useEffect, useId, useRef } from "react";
import { type GroupsFilter, groupsQuery } from "../../api/queries.js";
import { Badge, StatusBadge } from "../../parts/badge.js";
import { Empty } from "../../parts/empty.js";
import { GroupLink } from "../../parts/group-link.js";
import { Icon } from "../../parts/icon.js";
import parts from "../../parts/parts.module.css";
import { visible } from "../../parts/visible.js";
import { instantText, viewerZone } from "../../time/format.js";
import { Instant } from "../../time/instant.js";
import styles from "./groups.module.css";

type Status = Schedule["status"];

const STATUSES: readonly Status[] = ["REGISTERED", "PAUSED", "FAILED", "SOURCE"];
const STATUS_NAMES: Readonly<Partial<Record<Status, string>>> = {
  REGISTERED: "Live",
  PAUSED: "Paused",
  FAILED: "Refused",
  SOURCE: "Sources",
};

/** The filter of the groups, in the page's address. */
export interface GroupsSearch {
  readonly q?: string | undefined;
  readonly label?: string | undefined;
  readonly status?: Status | undefined;
}

export function groupsSearch(search: Record<string, unknown>): GroupsSearch {
  return {
    q: typeof search.q === "string" && search.q !== "" ? search.q : undefined,
    label: typeof search.label === "string" && search.label !== "" ? search.label : undefined,
    status: STATUSES.find((status) => status === search.status),
  };
}

const route = getRouteApi("/groups");

const ROW = 52;

/** All groups, found by typing. */
export function GroupsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = (next: GroupsSearch) =>
    navigate({ search: (before) => groupsSearch({ ...before, ...next }), replace: true });
  const listing = useInfiniteQuery({ ...groupsQuery(filterOf(search)), placeholderData: (before) => before });
  const groups = listing.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <>
      <div className={parts.head}>
        <div className={parts.headText}>
          <h1>Groups</h1>
          <p>Times are those of each group; point at one for yours ({viewerZone}).</p>
        </div>
        <Link to="/new" className={`${parts.button} ${parts.primary}`}>
          <Icon name="plus" /> New group
        </Link>
      </div>
      <search className={styles.filters}>
        <Field name="Group begins with" value={search.q} onChange={(q) => change({ q })} />
        <Field name="Label" hint="team=sales" value={search.label} onChange={(label) => change({ label })} />
        <fieldset className={styles.statuses}>
          <legend>State</legend>
          {[undefined, ...STATUSES].map((status) => (
            <label key={status ?? "all"}>
              <input
                type="radio"
                name="status"
                checked={search.status === status}
                onChange={() => change({ status })}
              />
              {status === undefined ? "All" : STATUS_NAMES[status]}
            </label>
          ))}
        </fieldset>
      </search>
      {listing.isError && <p role="alert">{listing.error.message}</p>}
      {listing.isSuccess && groups.length === 0 ? (
        <Empty title="No group matches">
          <p>Try fewer letters, another label or another state.</p>
        </Empty>
      ) : (
        <Table
          groups={groups}
          isMore={listing.hasNextPage}
          onEnd={() => {
            if (!listing.isFetchingNextPage) void listing.fetchNextPage();
          }}
        />
      )}
    </>
  );
}

function filterOf({ q, label, status }: GroupsSearch): NonNullable<GroupsFilter> {
  const [name = "", value] = (label ?? "").split("=", 2);
  return {
    ...(q === undefined ? {} : { groupIdPrefix: q }),
    ...(status === undefined ? {} : { statuses: [status] }),
    ...(value === undefined || name === "" ? {} : { labels: { [name]: value } }),
  };
}

interface FieldProps {
  readonly name: string;
  readonly hint?: string;
  readonly value: string | undefined;
  readonly onChange: (value: string) => void;
}

function Field({ name, hint, value, onChange }: FieldProps) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label htmlFor={id}>{name}</label>
      <input
        id={id}
        type="search"
        value={value ?? ""}
        placeholder={hint}
        onChange={(event) => onChange(event.target.value)}
      />
    </div>
  );
}

interface TableProps {
  readonly groups: readonly Schedule[];
  readonly isMore: boolean;
  readonly onEnd: () => void;
}

/** Only the rows that can be seen are in the page, however many groups there are. */
function Table({ groups, isMore, onEnd }: TableProps) {
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
        {nextFireAt !== null && status === "REGISTERED" && (
          <>
            <Instant at={nextFireAt} zone={zone} />
            <span className={styles.quiet}>{zone}</span>
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

function Cell({ name, children }: { readonly name: string; readonly children: React.ReactNode }) {
  return (
    <span role="cell" data-name={name}>
      {children}
    </span>
  );
}
