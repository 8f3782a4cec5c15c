import type { EpochMs } from "../clock/clock.js";
import type { Run } from "../run/run.js";
import { runId } from "../run/run-id.js";
import type { Schedule, ScheduleSpec } from "../schedule/schedule.js";
import { requireReadable } from "../schedule/stored-spec.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** How many specifications stay in memory, about 0.5 kB each. */
const CACHED_SPECS = 200_000;

/** The parts of a schedule that never change within a version. */
type Cached = Pick<Schedule, "version" | "spec" | "incarnation" | "createdAt">;

/**
 * A shared cache of the specifications that runs were planned with. A version of one ledger never changes, so
 * nothing here goes stale; a ledger that began after a purge has versions of its own, distinguished by its
 * runs' ids.
 */
export class SpecCache {
  readonly #store: ScheduleStore;
  readonly #namespace: string;
  readonly #schedules = new Map<string, Cached>();

  constructor(store: ScheduleStore, namespace: string) {
    this.#store = store;
    this.#namespace = namespace;
  }

  /** Returns the specification of a run if it is in memory. */
  peek(run: Run): ScheduleSpec | undefined {
    const known = this.#schedules.get(run.groupId);
    return known?.version === run.scheduleVersion && this.#isOf(known, run) ? known.spec : undefined;
  }

  /** Returns when the ledger of a run began, epoch ms, if that is in memory. */
  begunAt({ groupId }: Pick<Run, "groupId">): EpochMs | undefined {
    return this.#schedules.get(groupId)?.createdAt;
  }

  /**
   * Returns a version of a group's specification if it is in memory. After a purge it may be the earlier
   * ledger's for a while.
   */
  peekVersion(groupId: string, version: number): ScheduleSpec | undefined {
    const known = this.#schedules.get(groupId);
    return known?.version === version ? known.spec : undefined;
  }

  /** Loads the specifications that runs need, with one query for those of the current version. */
  async load(groupIds: ReadonlySet<string>): Promise<void> {
    const schedules = await this.#store.getSchedules([...groupIds]);
    for (const schedule of schedules) if (schedule !== undefined) this.remember(schedule);
  }

  /**
   * Returns the specification of a run, from an older version if that one planned it; `undefined` if it was
   * purged.
   *
   * @throws ScheduleError SCHEDULE_UNREADABLE
   */
  async get(run: Run): Promise<ScheduleSpec | undefined> {
    const known = this.peek(run);
    if (known !== undefined) return known;
    const versions = await this.#store.listVersions(run.groupId);
    const found = versions.find(({ version }) => version === run.scheduleVersion);
    if (found !== undefined) requireReadable(found);
    return found?.spec;
  }

  /** Caches a schedule that was read for another purpose, if it is readable. */
  remember({ version, spec, unreadable, incarnation, createdAt }: Schedule): void {
    if (unreadable !== null) return;
    this.#schedules.set(spec.groupId, { version, spec, incarnation, createdAt });
    if (this.#schedules.size <= CACHED_SPECS) return;
    const oldest = this.#schedules.keys().next().value;
    if (oldest !== undefined) this.#schedules.delete(oldest);
  }

  #isOf({ incarnation }: Cached, { id, groupId, lower, upper, generation }: Run): boolean {
    return id === runId({ namespace: this.#namespace, groupId, incarnation, lower, upper, generation });
  }
}
