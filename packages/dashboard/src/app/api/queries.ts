import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import type { Interval, Page, PageRequest, Run } from "@tidegate/core";
import type { criticalPath, PathReader } from "../pages/dependencies/critical-path.js";
import { manager } from "./connection.js";

type Query = Parameters<typeof manager.runs>[0];
type States = readonly Run["state"][];

const ACTIVE: States = ["SUBMITTING", "RUNNING"];

/** Runs of all groups, newest first. */
export const runsQuery = (filter: Query, limit: number) =>
  queryOptions({
    queryKey: ["runs", filter, limit],
    queryFn: ({ signal }) => manager.withSignal(signal).runs({ order: "descending", ...filter }, { limit }),
  });

export const activeRunsQuery = runsQuery({ states: ACTIVE }, 100);

export const blockingRunsQuery = runsQuery({ states: ["FAILED"], isBlocking: true }, 100);

export const failedRunsQuery = runsQuery({ states: ["FAILED"] }, 100);

export const doubtfulRunsQuery = runsQuery(
  { states: ["FAILED", "CANCELLED", "SUCCEEDED"], isJobOpen: true },
  100,
);

export const deadlinesQuery = queryOptions({
  queryKey: ["deadlines"],
  queryFn: ({ signal }) =>
    manager.withSignal(signal).deadlines({ states: ["MISSED", "AT_RISK"] }, { limit: 100 }),
});

export const staleQuery = queryOptions({
  queryKey: ["stale"],
  queryFn: ({ signal }) => manager.withSignal(signal).stale(),
});

export const refusedSchedulesQuery = queryOptions({
  queryKey: ["schedules", "FAILED"],
  queryFn: ({ signal }) => manager.withSignal(signal).list({ statuses: ["FAILED"] }, { limit: 100 }),
});

export const poolsQuery = queryOptions({
  queryKey: ["pools"],
  queryFn: ({ signal }) => manager.withSignal(signal).listPools(),
});

/** A filter of the groups' page. */
export type GroupsFilter = Parameters<typeof manager.list>[0];

const PAGE = 200;

/** Groups by id, page by page. */
export const groupsQuery = (filter: GroupsFilter) =>
  infiniteQueryOptions({
    queryKey: ["schedules", filter],
    queryFn: ({ signal, pageParam }) =>
      manager
        .withSignal(signal)
        .list(filter, { limit: PAGE, ...(pageParam === "" ? {} : { cursor: pageParam }) }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next,
  });

/** Most groups that something is done to at once. */
const MOST_MATCHING = 10_000;

/** All groups of a filter, to do something to them. */
export const matchingQuery = (filter: NonNullable<GroupsFilter>) =>
  queryOptions({
    queryKey: ["schedules", "matching", filter],
    queryFn: ({ signal }) => allOf({ statuses: STANDING, ...filter }, MOST_MATCHING, signal),
    staleTime: 0,
  });

/** Most failed runs that are read for the groups that have some. */
const MOST_FAILED = 10_000;

/** The ids of groups with failed runs that no other run covers. */
export const failedGroupsQuery = queryOptions({
  queryKey: ["runs", "failed-groups"],
  queryFn: async ({ signal }) => {
    const client = manager.withSignal(signal);
    const { items } = await upTo(MOST_FAILED, (page) => client.runs({ states: ["FAILED"] }, page));
    return new Set(items.filter(({ isSuperseded }) => !isSuperseded).map(({ groupId }) => groupId));
  },
  staleTime: 0,
});

/** The groups that lag most. */
export const lagsQuery = queryOptions({
  queryKey: ["lags"],
  queryFn: ({ signal }) => manager.withSignal(signal).lags({ limit: PAGE }),
});

export const firstGroupsQuery = queryOptions({
  queryKey: ["schedules", "first"],
  queryFn: ({ signal }) => manager.withSignal(signal).list({}, { limit: 40 }),
});

/** Most groups that are read for a picture of all, and how many at once. */
const MOST_GROUPS = 5_000;
const AT_ONCE = 1_000;

/** All that is registered, with source groups. */
const STANDING = ["REGISTERING", "REGISTERED", "FAILED", "PAUSED", "SOURCE"] as const;

/** All groups, as far as one picture can show them. */
export const allGroupsQuery = queryOptions({
  queryKey: ["schedules", "all"],
  queryFn: ({ signal }) => allOf({ statuses: STANDING }, MOST_GROUPS, signal),
});

/** Reads groups, up to a number. */
async function allOf(filter: NonNullable<GroupsFilter>, most: number, signal: AbortSignal) {
  const client = manager.withSignal(signal);
  const { items: groups, isWhole } = await upTo(most, (page) => client.list(filter, page));
  return { groups, isWhole };
}

/** Reads a listing page by page, up to a number of items. */
async function upTo<T>(most: number, read: (page: PageRequest) => Promise<Page<T>>) {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const { items, next } = await read({ limit: AT_ONCE, ...(cursor === undefined ? {} : { cursor }) });
    all.push(...items);
    cursor = next;
  } while (cursor !== undefined && all.length < most);
  return { items: all, isWhole: cursor === undefined };
}

/** The store's size, its clock, and the managers that share it. */
export const storeQuery = queryOptions({
  queryKey: ["store"],
  queryFn: ({ signal }) => manager.withSignal(signal).store(),
  staleTime: 10_000,
});

/** The manager's parts, which stay the same while it runs. */
export const systemQuery = queryOptions({
  queryKey: ["system"],
  queryFn: ({ signal }) => manager.withSignal(signal).system(),
  staleTime: 60_000,
});

export const groupQuery = (groupId: string) =>
  queryOptions({
    queryKey: ["group", groupId, "description"],
    queryFn: ({ signal }) => manager.withSignal(signal).describe(groupId),
  });

/** A group's whole time in a few buckets: how much of it has succeeded, at the cost of what has not. */
export const summaryQuery = (groupId: string) =>
  queryOptions({
    queryKey: ["group", groupId, "summary"],
    queryFn: ({ signal }) => manager.withSignal(signal).coverageBuckets(groupId, undefined, { limit: 100 }),
  });

export const bucketsQuery = (groupId: string, range: Interval | undefined) =>
  queryOptions({
    queryKey: ["group", groupId, "buckets", range],
    queryFn: ({ signal }) => manager.withSignal(signal).coverageBuckets(groupId, range),
    placeholderData: (before) => (before?.groupId === groupId ? before : undefined),
  });

export const groupRunsQuery = (groupId: string, limit: number) =>
  queryOptions({ ...runsQuery({ groupId }, limit), placeholderData: (before) => before });

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ["run", id],
    queryFn: ({ signal }) => manager.withSignal(signal).explain(id),
  });

/** Runs that are open or have failed: whatever a run may wait for. */
const UNSETTLED: States = ["PLANNED", "SUBMITTING", "RUNNING", "FAILED"];

/** The chain of waits of a run, as the page that shows it follows it. */
export const pathQuery = (run: Run, follow: typeof criticalPath) =>
  queryOptions({
    queryKey: ["run", run.id, "path"],
    queryFn: ({ signal }) => {
      const client = manager.withSignal(signal);
      const runs = async (query: Query, limit: number) => (await client.runs(query, { limit })).items;
      const reader: PathReader = {
        openRuns: (groupId) => runs({ groupId, states: UNSETTLED, order: "ascending" }, 100),
        doneRuns: (groupId) => runs({ groupId, states: ["SUCCEEDED"], order: "descending" }, 20),
      };
      return follow(reader, run, Date.now());
    },
  });

/** The first shards of a run, and how far all of them have got. */
export const shardsQuery = (runId: string) =>
  queryOptions({
    queryKey: ["run", runId, "shards"],
    queryFn: ({ signal }) => manager.withSignal(signal).shards(runId, {}, { limit: 200 }),
  });

/** Time of a group for which rows came late. */
export const lateQuery = (groupId: string) =>
  queryOptions({
    queryKey: ["group", groupId, "late"],
    queryFn: ({ signal }) => manager.withSignal(signal).lateData({ groupId }, { limit: 200 }),
  });

/** The log of an attempt of a run; of the newest one unless told otherwise. */
export const logQuery = (runId: string, attempt: number | undefined) =>
  queryOptions({
    queryKey: ["run", runId, "log", attempt],
    queryFn: ({ signal }) => manager.withSignal(signal).logs(runId, attempt === undefined ? {} : { attempt }),
    placeholderData: (before) => (before?.runId === runId ? before : undefined),
  });
