import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Schedule } from "@tidegate/core";
import { useId, useState } from "react";
import { deadlinesQuery, type GroupsFilter, groupsQuery, lagsQuery, systemQuery } from "../../api/queries.js";
import { useMay } from "../../api/role.js";
import { Button } from "../../parts/button.js";
import { Empty } from "../../parts/empty.js";
import { Icon } from "../../parts/icon.js";
import parts from "../../parts/parts.module.css";
import { Segments } from "../../parts/segments.js";
import { visible } from "../../parts/visible.js";
import { viewerZone } from "../../time/format.js";
import { BulkDialog } from "./bulk-dialog.js";
import styles from "./groups.module.css";
import { GroupsTable } from "./groups-table.js";
import { LagTable } from "./lag-table.js";

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
  readonly engine?: string | undefined;
  /** By id, unless those that are furthest behind come first. */
  readonly order?: "lag" | undefined;
}

const ORDERS = { name: "By name", lag: "Furthest behind" } as const;

export function groupsSearch(search: Record<string, unknown>): GroupsSearch {
  return {
    q: typeof search.q === "string" && search.q !== "" ? search.q : undefined,
    label: typeof search.label === "string" && search.label !== "" ? search.label : undefined,
    status: STATUSES.find((status) => status === search.status),
    engine: typeof search.engine === "string" && search.engine !== "" ? search.engine : undefined,
    order: search.order === "lag" ? "lag" : undefined,
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
  const lags = useQuery(lagsQuery).data;
  const deadlines = useQuery(deadlinesQuery).data?.items ?? [];
  const engines = useQuery(systemQuery).data?.engines ?? [];
  const isByLag = search.order === "lag";
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
          {mayAct && !isByLag && groups.length > 0 && (
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
        {!isByLag && (
          <>
            <Field
              name="Label"
              hint="team=sales"
              value={search.label}
              onChange={(label) => change({ label })}
            />
            <Segments
              legend="State"
              options={STATUS_NAMES}
              value={search.status ?? "ALL"}
              onChange={(status) => change({ status: status === "ALL" ? undefined : status })}
            />
            {engines.length > 1 && (
              <Segments
                legend="Engine"
                options={{
                  "": "All",
                  ...Object.fromEntries(engines.map((each) => [each.engineType, visible(each.engineType)])),
                }}
                value={search.engine ?? ""}
                onChange={(engine) => change({ engine: engine === "" ? undefined : engine })}
              />
            )}
          </>
        )}
        <Segments
          legend="Order"
          options={ORDERS}
          value={search.order ?? "name"}
          onChange={(order) => change({ order: order === "lag" ? "lag" : undefined })}
        />
      </search>
      {listing.isError && <p role="alert">{listing.error.message}</p>}
      {isByLag ? (
        lags !== undefined && <LagTable lags={lags} prefix={search.q ?? ""} />
      ) : listing.isSuccess && groups.length === 0 ? (
        <NoGroups isFiltered={Object.keys(filterOf(search)).length > 0} />
      ) : (
        <GroupsTable
          groups={groups}
          lags={lags}
          deadlines={deadlines}
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

function NoGroups({ isFiltered }: { readonly isFiltered: boolean }) {
  if (!isFiltered) return <Empty title="There is no group yet" />;
  return (
    <Empty title="No group matches">
      <p>Try fewer letters, another label or another state.</p>
    </Empty>
  );
}

function filterOf({ q, label, status, engine }: GroupsSearch): NonNullable<GroupsFilter> {
  const [name = "", value] = (label ?? "").split("=", 2);
  return {
    ...(q === undefined ? {} : { groupIdPrefix: q }),
    ...(status === undefined ? {} : { statuses: [status] }),
    ...(engine === undefined ? {} : { engine }),
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
