import { useInfiniteQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Schedule } from "@tidegate/core";
import { useId, useState } from "react";
import { type GroupsFilter, groupsQuery } from "../../api/queries.js";
import { useMay } from "../../api/role.js";
import { Button } from "../../parts/button.js";
import { Empty } from "../../parts/empty.js";
import { Icon } from "../../parts/icon.js";
import parts from "../../parts/parts.module.css";
import { Segments } from "../../parts/segments.js";
import { viewerZone } from "../../time/format.js";
import { BulkDialog } from "./bulk-dialog.js";
import styles from "./groups.module.css";
import { GroupsTable } from "./groups-table.js";

type Status = Schedule["status"];

const STATUSES = ["REGISTERED", "PAUSED", "FAILED", "SOURCE"] as const satisfies readonly Status[];

const STATUS_NAMES: Readonly<Record<"ALL" | (typeof STATUSES)[number], string>> = {
  ALL: "All",
  REGISTERED: "Live",
  PAUSED: "Paused",
  FAILED: "Refused",
  SOURCE: "Sources",
};

/** The filter of the groups, in the page's address. */
export interface GroupsSearch {
  readonly q?: string | undefined;
  readonly label?: string | undefined;
  readonly status?: (typeof STATUSES)[number] | undefined;
}

export function groupsSearch(search: Record<string, unknown>): GroupsSearch {
  return {
    q: typeof search.q === "string" && search.q !== "" ? search.q : undefined,
    label: typeof search.label === "string" && search.label !== "" ? search.label : undefined,
    status: STATUSES.find((status) => status === search.status),
  };
}

const route = getRouteApi("/groups");

/** All groups, found by typing. */
export function GroupsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const change = (next: GroupsSearch) =>
    navigate({ search: (before) => groupsSearch({ ...before, ...next }), replace: true });
  const listing = useInfiniteQuery({ ...groupsQuery(filterOf(search)), placeholderData: (before) => before });
  const [isActing, setActing] = useState(false);
  const mayAct = useMay("operator");
  const mayDefine = useMay("editor");
  const groups = listing.data?.pages.flatMap(({ items }) => items) ?? [];
  return (
    <>
      <div className={parts.head}>
        <div className={parts.headText}>
          <h1>Groups</h1>
          <p>Times are those of each group; point at one for yours ({viewerZone}).</p>
        </div>
        <div className={parts.actions}>
          {mayAct && groups.length > 0 && (
            <Button onClick={() => setActing(true)}>Act on all that match …</Button>
          )}
          {mayDefine && (
            <Link to="/new" className={`${parts.button} ${parts.primary}`}>
              <Icon name="plus" /> New group
            </Link>
          )}
        </div>
      </div>
      <search className={styles.filters}>
        <Field name="Group begins with" value={search.q} onChange={(q) => change({ q })} />
        <Field name="Label" hint="team=sales" value={search.label} onChange={(label) => change({ label })} />
        <Segments
          legend="State"
          options={STATUS_NAMES}
          value={search.status ?? "ALL"}
          onChange={(status) => change({ status: status === "ALL" ? undefined : status })}
        />
      </search>
      {listing.isError && <p role="alert">{listing.error.message}</p>}
      {listing.isSuccess && groups.length === 0 ? (
        <Empty title="No group matches">
          <p>Try fewer letters, another label or another state.</p>
        </Empty>
      ) : (
        <GroupsTable
          groups={groups}
          isMore={listing.hasNextPage}
          onEnd={() => {
            if (!listing.isFetchingNextPage) void listing.fetchNextPage();
          }}
        />
      )}
      {isActing && <BulkDialog filter={filterOf(search)} onClose={() => setActing(false)} />}
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
