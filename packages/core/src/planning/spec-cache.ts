import type { Run } from "../run/run.js";
import type { ScheduleSpec } from "../schedule/schedule.js";
import type { ScheduleStore } from "../store/schedule-store.js";

/** How many specifications stay in memory. */
const CACHED_SPECS = 50_000;

/**
 * The specifications that runs were planned with, shared by all that read them. A version never changes, so nothing here
 * goes stale.
 */
export class SpecCache {
  readonly #store: ScheduleStore;
  readonly #specs = new Map<string, { version: number; spec: ScheduleSpec }>();

  constructor(store: ScheduleStore) {
    this.#store = store;
  }

  /** The specification of a run if it is in memory. */
  peek(run: Pick<Run, "groupId" | "scheduleVersion">): ScheduleSpec | undefined {
    const known = this.#specs.get(run.groupId);
    return known?.version === run.scheduleVersion ? known.spec : undefined;
  }

  /** Whichever version of a group's specification is in memory. */
  peekGroup(groupId: string): ScheduleSpec | undefined {
    return this.#specs.get(groupId)?.spec;
  }

  /** Brings what runs need into memory, with one query for those of the current version. */
  async load(groupIds: ReadonlySet<string>): Promise<void> {
    const schedules = await this.#store.getSchedules([...groupIds]);
    for (const schedule of schedules) {
      if (schedule !== undefined) this.remember(schedule.version, schedule.spec);
    }
  }

  /** The specification of a run, from an older version where that planned it; `undefined` when it was purged. */
  async get(run: Run): Promise<ScheduleSpec | undefined> {
    const known = this.peek(run);
    if (known !== undefined) return known;
    const versions = await this.#store.listVersions(run.groupId);
    return versions.find(({ version }) => version === run.scheduleVersion)?.spec;
  }

  /** Takes in what somebody else has read anyway. */
  remember(version: number, spec: ScheduleSpec): void {
    this.#specs.set(spec.groupId, { version, spec });
    if (this.#specs.size <= CACHED_SPECS) return;
    const oldest = this.#specs.keys().next().value;
    if (oldest !== undefined) this.#specs.delete(oldest);
  }
}
