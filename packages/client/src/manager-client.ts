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
  LateTime,
  LogOptions,
  Page,
  PageRequest,
  PoolInfo,
  PoolStatus,
  Preview,
  RebaseRequest,
  RegisteredSchedule,
  Restatement,
  RestatementPlan,
  RestatementRequest,
  RetryOptions,
  Run,
  RunLog,
  Schedule,
  ScheduleInfo,
  ScheduleVersion,
  Seal,
  ShardFilter,
  ShardPage,
  SnapshotRequest,
  SourceInfo,
  StaleRun,
  UnregisterOptions,
  UpdateOptions,
} from "@tidegate/core";
import { type EventsOptions, eventsOf } from "./events.js";
import { call, type Target } from "./exchange.js";
import { ManagerError } from "./manager-error.js";
import type { DeadlineQuery, LateQuery, RunQuery, ScheduleQuery } from "./queries.js";
import type { SystemInfo } from "./system.js";

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
 * A client of a manager. Its methods are those of core's `ScheduleClient`, so that a program works with either.
 *
 * ```ts
 * const client = new ManagerClient({ url: "http://127.0.0.1:8080", token: process.env.MANAGER_TOKEN });
 * const { isComplete } = await client.audit("orders");
 * ```
 *
 * Each method throws a `ManagerError`: with the code that core's method would throw, with one of the manager's
 * own, or with MANAGER_UNAVAILABLE, MANAGER_TIMED_OUT or ANSWER_UNEXPECTED. Nothing is repeated.
 */
export class ManagerClient {
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

  /** Registers a schedule. See `ScheduleClient.register`. */
  register(info: ScheduleInfo<object>): Promise<RegisteredSchedule> {
    const headers = { "if-none-match": "*" } as const;
    return call(this.#target, "putSchedule", { ...group(info.groupId), headers, body: info });
  }

  /** Registers a schedule, or updates it if it exists and differs. See `ScheduleClient.ensure`. */
  ensure(info: ScheduleInfo<object>): Promise<RegisteredSchedule> {
    return call(this.#target, "putSchedule", { ...group(info.groupId), body: info });
  }

  /** Replaces a schedule's specification. See `ScheduleClient.update`. */
  update(info: ScheduleInfo<object>, seen: UpdateOptions): Promise<RegisteredSchedule> {
    const { version, plannedRuns } = seen;
    const query = { version, plannedRuns };
    return call(this.#target, "putSchedule", { ...group(info.groupId), query, body: info });
  }

  /** Ends a schedule. See `ScheduleClient.unregister`. */
  async unregister(groupId: string, options: UnregisterOptions = {}): Promise<void> {
    const query = { ...flag("purge", options.purge), ...flag("force", options.force) };
    await call(this.#target, "deleteSchedule", { ...group(groupId), ...ifMatch(options), query });
  }

  /** Stops planning and starting runs. See `ScheduleClient.pause`. */
  pause(groupId: string, note = "", seen: { readonly version?: number } = {}): Promise<Schedule> {
    return call(this.#target, "pauseSchedule", { ...group(groupId), ...ifMatch(seen), body: { note } });
  }

  /** Resumes planning at the watermark. See `ScheduleClient.resume`. */
  resume(groupId: string, seen: { readonly version?: number } = {}): Promise<Schedule> {
    return call(this.#target, "resumeSchedule", { ...group(groupId), ...ifMatch(seen) });
  }

  /** Runs a group now. See `ScheduleClient.trigger`. */
  async trigger(groupId: string, interval?: Interval, options: ForceOptions = {}): Promise<Run[]> {
    const body = interval === undefined ? {} : { body: { lower: interval.lower, upper: interval.upper } };
    const query = flag("force", options.force);
    return [...(await call(this.#target, "trigger", { ...group(groupId), query, ...body }))];
  }

  /** Seals a group's time up to an instant. See `ScheduleClient.seal`. */
  seal(groupId: string, until: Instant, note = "", { force = false }: ForceOptions = {}): Promise<Seal> {
    return call(this.#target, "seal", { ...group(groupId), body: { until, note, force } });
  }

  /** Has the source of a group read from elsewhere. See `ScheduleClient.rebase`. */
  rebase(groupId: string, request: RebaseRequest): Promise<Schedule> {
    return call(this.#target, "rebase", { ...group(groupId), body: request });
  }

  /** Makes another full copy of a group. See `ScheduleClient.resnapshot`. */
  resnapshot(groupId: string, request: SnapshotRequest = {}): Promise<Run> {
    return call(this.#target, "resnapshot", { ...group(groupId), body: request });
  }

  /** Plans to run time of a group again, and what follows from it. See `ScheduleClient.restate`. */
  restate(request: RestatementRequest): Promise<RestatementPlan> {
    return call(this.#target, "planRestatement", { body: request });
  }

  /** Begins a planned restatement. See `ScheduleClient.applyRestatement`. */
  applyRestatement(planId: string): Promise<Restatement> {
    return call(this.#target, "applyRestatement", { body: { planId } });
  }

  /** Lists runs that have read other data than there are now. See `ScheduleClient.stale`. */
  async stale(groupId?: string): Promise<StaleRun[]> {
    return [...(await call(this.#target, "listStale", { query: { groupId } }))];
  }

  /** Creates a pool, or changes it. See `ScheduleClient.setPool`. */
  setPool({ name, ...body }: PoolInfo): Promise<PoolStatus> {
    return call(this.#target, "putPool", { path: { name }, body });
  }

  /** Lists all pools by name. See `ScheduleClient.listPools`. */
  async listPools(): Promise<PoolStatus[]> {
    return [...(await call(this.#target, "listPools", {}))];
  }

  /** Deletes a pool. See `ScheduleClient.deletePool`. */
  async deletePool(name: string): Promise<void> {
    await call(this.#target, "deletePool", { path: { name } });
  }

  /** Returns a schedule as stored. See `ScheduleClient.get`. */
  get(groupId: string): Promise<Schedule> {
    return call(this.#target, "getSchedule", group(groupId));
  }

  /** Returns every version of a schedule, oldest first. */
  versions(groupId: string): Promise<readonly ScheduleVersion[]> {
    return call(this.#target, "listVersions", group(groupId));
  }

  /** Returns a schedule with its counts and runs. See `ScheduleClient.describe`. */
  describe(groupId: string): Promise<Description> {
    return call(this.#target, "describeSchedule", group(groupId));
  }

  /** Explains why a run waits, or how it ended. See `ScheduleClient.explain`. */
  explain(runId: string): Promise<Explanation> {
    return call(this.#target, "explainRun", byId(runId));
  }

  /** Lists schedules by group id, one page at a time. See `ScheduleClient.list`. */
  list(filter: ScheduleQuery = {}, page: PageRequest = {}): Promise<Page<Schedule>> {
    const { statuses, engine, groupIdPrefix, labels } = filter;
    const label = labels && Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    const { limit, cursor } = page;
    const query = { status: statuses, engine, prefix: groupIdPrefix, label, limit, cursor };
    return call(this.#target, "listSchedules", { query });
  }

  /** Returns upcoming intervals without side effects. See `ScheduleClient.preview`. */
  preview(subject: string | ScheduleInfo<object>, count = 10, from?: Instant): Promise<Preview> {
    const query = { count, from: from instanceof Date ? from.toISOString() : from };
    return typeof subject === "string"
      ? call(this.#target, "previewSchedule", { ...group(subject), query })
      : call(this.#target, "previewDefinition", { query, body: subject });
  }

  /** Re-runs a past range. See `ScheduleClient.backfill`. */
  backfill(request: BackfillRequest): Promise<BackfillPlan> {
    const { groupId, ...body } = request;
    return call(this.#target, "backfill", { ...group(groupId), body });
  }

  /** Returns a backfill, or `undefined` if there is none with that id. */
  async getBackfill(id: string): Promise<Backfill | undefined> {
    try {
      return await call(this.#target, "getBackfill", byId(id));
    } catch (error) {
      if (error instanceof ManagerError && error.code === "RUN_NOT_FOUND") return undefined;
      throw error;
    }
  }

  /** Stops planning runs of a backfill. See `ScheduleClient.cancelBackfill`. */
  async cancelBackfill(id: string): Promise<void> {
    await call(this.#target, "cancelBackfill", byId(id));
  }

  /** Lists runs by interval, one page at a time. See `ScheduleClient.runs`. */
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

  /** Returns a run. See `ScheduleClient.getRun`. */
  getRun(id: string): Promise<Run> {
    return call(this.#target, "getRun", byId(id));
  }

  /** Lists the shards of a run. See `ScheduleClient.shards`. */
  shards(runId: string, filter: ShardFilter = {}, page: PageRequest = {}): Promise<ShardPage> {
    const { limit, cursor } = page;
    const query = { state: filter.states, limit, cursor };
    return call(this.#target, "listShards", { ...byId(runId), query });
  }

  /** Returns lines that an attempt of a run has logged. See `ScheduleClient.logs`. */
  logs(runId: string, { attempt, after }: LogOptions = {}): Promise<RunLog> {
    return call(this.#target, "getLogs", { ...byId(runId), query: { attempt, after } });
  }

  /** Cancels a run. See `ScheduleClient.cancelRun`. */
  async cancelRun(id: string): Promise<void> {
    await call(this.#target, "cancelRun", byId(id));
  }

  /** Opens the gates of a run by hand. See `ScheduleClient.markReady`. */
  async markReady(id: string, note = ""): Promise<void> {
    await call(this.#target, "markReady", { ...byId(id), body: { note } });
  }

  /** Gives a failed or cancelled run all its attempts again. See `ScheduleClient.retryRun`. */
  async retryRun(id: string, options: RetryOptions = {}): Promise<void> {
    await call(this.#target, "retryRun", { ...byId(id), body: options });
  }

  /** Retries all failed runs of a group. See `ScheduleClient.retryRuns`. */
  async retryRuns(groupId: string, options: RetryOptions = {}): Promise<string[]> {
    return [...(await call(this.#target, "retryRuns", { ...group(groupId), body: options }))];
  }

  /** Registers a source group. See `ScheduleClient.registerSource`. */
  registerSource(info: SourceInfo): Promise<Schedule> {
    return call(this.#target, "putSource", { ...group(info.groupId), body: info });
  }

  /** Reports that a source group's data are complete. See `ScheduleClient.reportCoverage`. */
  reportCoverage(groupId: string, report: CoverageReport): Promise<CoverageReceipt> {
    return call(this.#target, "reportCoverage", { ...group(groupId), body: report });
  }

  /** Returns what of a range a group covers, and waits for it if asked to. See `ScheduleClient.coverage`. */
  coverage(groupId: string, range: Interval, options: CoverageOptions = {}): Promise<CoverageAnswer> {
    const { waitMs = 0, signal } = options;
    const target = signal === undefined ? this.#target : this.withSignal(signal).#target;
    const wait = waitMs === 0 ? undefined : `${waitMs}ms`;
    const query = { from: range.lower, to: range.upper, wait };
    return call(target, "getCoverage", { ...group(groupId), query }, waitMs);
  }

  /** Returns a group's time in buckets. See `ScheduleClient.coverageBuckets`. */
  coverageBuckets(
    groupId: string,
    range?: Interval,
    { limit }: { readonly limit?: number } = {},
  ): Promise<CoverageBuckets> {
    const query = { from: range?.lower, to: range?.upper, limit };
    return call(this.#target, "getCoverageBuckets", { ...group(groupId), query });
  }

  /** Lists deadlines that were not simply met, one page at a time. See `ScheduleClient.deadlines`. */
  deadlines(filter: DeadlineQuery = {}, page: PageRequest = {}): Promise<Page<DeadlineRecord>> {
    const { groupId, states, subjects, within, order = "ascending" } = filter;
    const { lower, upper } = within ?? {};
    const { limit, cursor } = page;
    const query = { groupId, state: states, subject: subjects, lower, upper, order, limit, cursor };
    return call(this.#target, "listDeadlines", { query });
  }

  /** Lists time for which rows came after it had been covered, one page at a time. See `ScheduleClient.lateData`. */
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

  /** Accounts for every millisecond of a group's ledger. See `ScheduleClient.audit`. */
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
