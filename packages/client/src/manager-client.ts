import type {
  AuditReport,
  Backfill,
  BackfillPlan,
  BackfillRequest,
  ChangeNews,
  CoverageAnswer,
  CoverageBuckets,
  CoverageOptions,
  CoverageReceipt,
  CoverageReport,
  DeadlineRecord,
  Description,
  Explanation,
  ForceOptions,
  Instant,
  Interval,
  Lags,
  LateTime,
  LedgerOperations,
  LogOptions,
  OffsetImport,
  Page,
  PageRequest,
  PoolInfo,
  PoolOperations,
  PoolStatus,
  Preview,
  PreviewOptions,
  RebaseRequest,
  RegisteredSchedule,
  RerunOperations,
  Restatement,
  RestatementPlan,
  RestatementRequest,
  RetryOptions,
  Run,
  RunLog,
  RunOperations,
  Schedule,
  ScheduleInfo,
  ScheduleOperations,
  ScheduleVersion,
  Seal,
  ShardFilter,
  ShardPage,
  SnapshotRequest,
  SourceInfo,
  SourceOperations,
  StaleRun,
  TriggerOptions,
  UnregisterOptions,
  UpdateOptions,
} from "@tidegate/core";
import { type EventsOptions, eventsOf } from "./events.js";
import { call, type Target } from "./exchange.js";
import { ManagerError } from "./manager-error.js";
import type { DeadlineQuery, LateQuery, RunQuery, ScheduleQuery } from "./queries.js";
import type { StoreDescription, SystemInfo } from "./system.js";

/** Settings of a `ManagerClient`. */
export interface ClientOptions {
  /** The manager's address, prefix included: `https://example.com/tidegate`. */
  readonly url: string | URL;
  /** Bearer token, or a function that returns the current one. @default none */
  readonly token?: string | (() => string | Promise<string>);
  /** How long an answer may take, ms. @default 30,000 */
  readonly timeoutMs?: number;
  /** Sends the requests. @default the global `fetch` */
  readonly fetch?: typeof fetch;
}

/**
 * A client of a manager. Its methods are those of core's `ScheduleClient`, so that a program works with either; only
 * many schedules at once are registered one by one.
 *
 * ```ts
 * const client = new ManagerClient({ url: "http://127.0.0.1:8080", token: process.env.MANAGER_TOKEN });
 * const { isComplete } = await client.audit("orders");
 * ```
 *
 * Each method throws a `ManagerError`: with the code that core's method would throw, with one of the manager's
 * own, or with MANAGER_UNAVAILABLE, MANAGER_TIMED_OUT or ANSWER_UNEXPECTED. Nothing is repeated.
 */
export class ManagerClient
  implements
    Omit<ScheduleOperations, "registerMany">,
    SourceOperations,
    RunOperations,
    RerunOperations,
    LedgerOperations,
    PoolOperations
{
  #target: Target;

  /** @throws ManagerError REQUEST_INVALID if `url` is not an address of HTTP */
  constructor(options: ClientOptions) {
    this.#target = {
      url: addressOf(options.url),
      token: options.token,
      timeoutMs: options.timeoutMs ?? 30_000,
      fetch: options.fetch ?? ((...request) => globalThis.fetch(...request)),
      signal: undefined,
    };
  }

  /** The manager's address, without a slash at its end. */
  get url(): string {
    return this.#target.url;
  }

  /**
   * Returns a client whose requests end when the signal is aborted, with its reason.
   *
   * ```ts
   * await client.withSignal(AbortSignal.timeout(1_000)).get("orders");
   * ```
   */
  withSignal(signal: AbortSignal): ManagerClient {
    const client = new ManagerClient({ url: this.url });
    client.#target = { ...this.#target, signal };
    return client;
  }

  /** Checks that the manager answers. */
  async health(): Promise<void> {
    await call(this.#target, "health", {});
  }

  /** Describes the manager: its engines, its operators with the schemas of their jobs, and what else it has. */
  system(): Promise<SystemInfo> {
    return call(this.#target, "describeSystem", {});
  }

  /** Describes the store: how large it is, its clock, and the managers that share it. */
  store(): Promise<StoreDescription> {
    return call(this.#target, "describeStore", {});
  }

  register(info: ScheduleInfo<object>): Promise<RegisteredSchedule> {
    const headers = { "if-none-match": "*" } as const;
    return call(this.#target, "putSchedule", { ...group(info.groupId), headers, body: info });
  }

  ensure(info: ScheduleInfo<object>): Promise<RegisteredSchedule> {
    return call(this.#target, "putSchedule", { ...group(info.groupId), body: info });
  }

  update(info: ScheduleInfo<object>, seen: UpdateOptions): Promise<RegisteredSchedule> {
    const { version, plannedRuns } = seen;
    const query = { version, plannedRuns };
    return call(this.#target, "putSchedule", { ...group(info.groupId), query, body: info });
  }

  async unregister(groupId: string, options: UnregisterOptions = {}): Promise<void> {
    const query = { ...flag("purge", options.purge), ...flag("force", options.force) };
    await call(this.#target, "deleteSchedule", { ...group(groupId), ...ifMatch(options), query });
  }

  pause(groupId: string, note = "", seen: { readonly version?: number } = {}): Promise<Schedule> {
    return call(this.#target, "pauseSchedule", { ...group(groupId), ...ifMatch(seen), body: { note } });
  }

  resume(groupId: string, seen: { readonly version?: number } = {}): Promise<Schedule> {
    return call(this.#target, "resumeSchedule", { ...group(groupId), ...ifMatch(seen) });
  }

  async trigger(groupId: string, interval?: Interval, options: TriggerOptions = {}): Promise<Run[]> {
    const body = interval === undefined ? {} : { body: { lower: interval.lower, upper: interval.upper } };
    const query = { ...flag("force", options.force), ...flag("drain", options.drain) };
    return [...(await call(this.#target, "trigger", { ...group(groupId), query, ...body }))];
  }

  seal(groupId: string, until: Instant, note = "", { force = false }: ForceOptions = {}): Promise<Seal> {
    return call(this.#target, "seal", { ...group(groupId), body: { until, note, force } });
  }

  rebase(groupId: string, request: RebaseRequest): Promise<Schedule> {
    return call(this.#target, "rebase", { ...group(groupId), body: request });
  }

  importOffsets(groupId: string, request: OffsetImport): Promise<Schedule> {
    return call(this.#target, "importOffsets", { ...group(groupId), body: request });
  }

  resnapshot(groupId: string, request: SnapshotRequest = {}): Promise<Run> {
    return call(this.#target, "resnapshot", { ...group(groupId), body: request });
  }

  restate(request: RestatementRequest): Promise<RestatementPlan> {
    return call(this.#target, "planRestatement", { body: request });
  }

  applyRestatement(planId: string): Promise<Restatement> {
    return call(this.#target, "applyRestatement", { body: { planId } });
  }

  async stale(groupId?: string): Promise<StaleRun[]> {
    return [...(await call(this.#target, "listStale", { query: { groupId } }))];
  }

  lags(query: { readonly limit?: number } = {}): Promise<Lags> {
    return call(this.#target, "listLags", { query });
  }

  setPool({ name, ...body }: PoolInfo): Promise<PoolStatus> {
    return call(this.#target, "putPool", { path: { name }, body });
  }

  async listPools(): Promise<PoolStatus[]> {
    return [...(await call(this.#target, "listPools", {}))];
  }

  async deletePool(name: string): Promise<void> {
    await call(this.#target, "deletePool", { path: { name } });
  }

  get(groupId: string): Promise<Schedule> {
    return call(this.#target, "getSchedule", group(groupId));
  }

  /** Returns every version of a schedule, oldest first. */
  versions(groupId: string): Promise<readonly ScheduleVersion[]> {
    return call(this.#target, "listVersions", group(groupId));
  }

  describe(groupId: string): Promise<Description> {
    return call(this.#target, "describeSchedule", group(groupId));
  }

  explain(runId: string): Promise<Explanation> {
    return call(this.#target, "explainRun", byId(runId));
  }

  list(filter: ScheduleQuery = {}, page: PageRequest = {}): Promise<Page<Schedule>> {
    const { statuses, engine, groupIdPrefix, labels } = filter;
    const label = labels && Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    const { limit, cursor } = page;
    const query = { status: statuses, engine, prefix: groupIdPrefix, label, limit, cursor };
    return call(this.#target, "listSchedules", { query });
  }

  preview(
    subject: string | ScheduleInfo<object>,
    count = 10,
    { from, firstRead = false }: PreviewOptions = {},
  ): Promise<Preview> {
    const instant = from instanceof Date ? from.toISOString() : from;
    const query = { count, from: instant, ...(firstRead ? { firstRead: "true" as const } : {}) };
    return typeof subject === "string"
      ? call(this.#target, "previewSchedule", { ...group(subject), query })
      : call(this.#target, "previewDefinition", { query, body: subject });
  }

  backfill(request: BackfillRequest): Promise<BackfillPlan> {
    const { groupId, ...body } = request;
    return call(this.#target, "backfill", { ...group(groupId), body });
  }

  async getBackfill(id: string): Promise<Backfill | undefined> {
    try {
      return await call(this.#target, "getBackfill", byId(id));
    } catch (error) {
      if (error instanceof ManagerError && error.code === "RUN_NOT_FOUND") return undefined;
      throw error;
    }
  }

  async cancelBackfill(id: string): Promise<void> {
    await call(this.#target, "cancelBackfill", byId(id));
  }

  runs(filter: RunQuery = {}, page: PageRequest = {}): Promise<Page<Run>> {
    const { groupId, states, kinds, backfillId, isJobOpen, isBlocking, order = "ascending" } = filter;
    const isOpen = isJobOpen === undefined ? undefined : (`${isJobOpen}` as const);
    const { limit, cursor } = page;
    const query = {
      groupId,
      state: states,
      kind: kinds,
      backfillId,
      isJobOpen: isOpen,
      ...flag("isBlocking", isBlocking),
      order,
      limit,
      cursor,
    };
    return call(this.#target, "listRuns", { query });
  }

  getRun(id: string): Promise<Run> {
    return call(this.#target, "getRun", byId(id));
  }

  shards(runId: string, filter: ShardFilter = {}, page: PageRequest = {}): Promise<ShardPage> {
    const { limit, cursor } = page;
    const query = { state: filter.states, limit, cursor };
    return call(this.#target, "listShards", { ...byId(runId), query });
  }

  logs(runId: string, { attempt, after }: LogOptions = {}): Promise<RunLog> {
    return call(this.#target, "getLogs", { ...byId(runId), query: { attempt, after } });
  }

  async cancelRun(id: string): Promise<void> {
    await call(this.#target, "cancelRun", byId(id));
  }

  async markReady(id: string, note = ""): Promise<void> {
    await call(this.#target, "markReady", { ...byId(id), body: { note } });
  }

  async retryRun(id: string, options: RetryOptions = {}): Promise<void> {
    await call(this.#target, "retryRun", { ...byId(id), body: options });
  }

  async retryRuns(groupId: string, options: RetryOptions = {}): Promise<string[]> {
    return [...(await call(this.#target, "retryRuns", { ...group(groupId), body: options }))];
  }

  registerSource(info: SourceInfo): Promise<Schedule> {
    return call(this.#target, "putSource", { ...group(info.groupId), body: info });
  }

  reportCoverage(groupId: string, report: CoverageReport): Promise<CoverageReceipt> {
    return call(this.#target, "reportCoverage", { ...group(groupId), body: report });
  }

  coverage(groupId: string, range: Interval, options: CoverageOptions = {}): Promise<CoverageAnswer> {
    const { waitMs = 0, signal } = options;
    const target = signal === undefined ? this.#target : this.withSignal(signal).#target;
    const wait = waitMs === 0 ? undefined : `${waitMs}ms`;
    const query = { from: range.lower, to: range.upper, wait };
    return call(target, "getCoverage", { ...group(groupId), query }, waitMs);
  }

  coverageBuckets(
    groupId: string,
    range?: Interval,
    { limit }: { readonly limit?: number } = {},
  ): Promise<CoverageBuckets> {
    const query = { from: range?.lower, to: range?.upper, limit };
    return call(this.#target, "getCoverageBuckets", { ...group(groupId), query });
  }

  deadlines(filter: DeadlineQuery = {}, page: PageRequest = {}): Promise<Page<DeadlineRecord>> {
    const { groupId, states, subjects, within, order = "ascending" } = filter;
    const { lower, upper } = within ?? {};
    const { limit, cursor } = page;
    const query = { groupId, state: states, subject: subjects, lower, upper, order, limit, cursor };
    return call(this.#target, "listDeadlines", { query });
  }

  lateData(filter: LateQuery = {}, page: PageRequest = {}): Promise<Page<LateTime>> {
    const { groupId, states, within } = filter;
    const { lower, upper } = within ?? {};
    const { limit, cursor } = page;
    const query = { groupId, state: states, lower, upper, limit, cursor };
    return call(this.#target, "listLateData", { query });
  }

  /**
   * Yields what changes in the ledger, by whichever manager on the store, so that it can be read again: nothing has
   * to be polled. The first news are a reset, unless `after` is still known; so are all after which changes may be
   * missing. A stream that breaks is opened again, and continues where it was.
   *
   * ```ts
   * for await (const { isReset, changes } of client.events({ groupIds: ["orders"], signal })) {
   *   if (isReset || changes.length > 0) await refresh();
   * }
   * ```
   *
   * @throws ManagerError if the manager refuses it, or cannot be reached at first
   */
  events(options: EventsOptions = {}): AsyncGenerator<ChangeNews, void> {
    return eventsOf(this.#target, options);
  }

  audit(groupId: string, within?: Interval): Promise<AuditReport> {
    const query = { lower: within?.lower, upper: within?.upper };
    return call(this.#target, "audit", { ...group(groupId), query });
  }
}

function group(groupId: string): { readonly path: { readonly groupId: string } } {
  return { path: { groupId } };
}

function byId(id: string): { readonly path: { readonly id: string } } {
  return { path: { id } };
}

function flag<Name extends string>(name: Name, value = false): { readonly [key in Name]?: "true" } {
  return value ? ({ [name]: "true" } as { readonly [key in Name]: "true" }) : {};
}

function ifMatch({ version }: { readonly version?: number }): { readonly headers?: { "if-match": string } } {
  return version === undefined ? {} : { headers: { "if-match": `"${version}"` } };
}

function addressOf(given: string | URL): string {
  const url = URL.canParse(String(given)) ? new URL(String(given)) : undefined;
  const isFit =
    url !== undefined && /^https?:$/.test(url.protocol) && url.username + url.password + url.search === "";
  if (isFit) return (url.origin + url.pathname).replace(/\/+$/, "");
  throw new ManagerError(
    "REQUEST_INVALID",
    "url: must be the address of a manager without credentials, such as http://127.0.0.1:8080.",
    { field: "url" },
  );
}
