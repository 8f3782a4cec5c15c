import {
  hasCode,
  SCHEDULE_STATUSES,
  type Schedule,
  type ScheduleClient,
  ScheduleError,
} from "@tidegate/core";
import type { CreateBody, WorkflowName } from "./bodies.js";
import {
  isOfTable,
  isSameTable,
  scheduleOf,
  type TableSettings,
  withDynamicOptions,
} from "./table-schedule.js";

/** The group of all workflows here; Flink stores it with a table, and sends it back. */
const GROUP = "tidegate";

/** Flink's workflows as schedules of a Tidegate instance. The errors are those of its `ScheduleClient`. */
export class Workflows {
  readonly #client: ScheduleClient;
  readonly #settings: TableSettings;

  constructor(client: ScheduleClient, settings: TableSettings) {
    this.#client = client;
    this.#settings = settings;
  }

  /**
   * Registers a table. Repeating it with the same definition returns the same: if Flink misses the response,
   * it drops the table, which is then created again.
   *
   * @throws ScheduleError SCHEDULE_EXISTS if the table has a schedule with another definition
   */
  async create(body: CreateBody): Promise<WorkflowName> {
    const info = scheduleOf(body, this.#settings);
    try {
      await this.#client.register(info);
    } catch (error) {
      if (!hasCode(error, "SCHEDULE_EXISTS")) throw error;
      const there = await this.#client.get(info.groupId);
      if (!isAlive(there) || !isSameTable(there, info)) throw exists(body.materializedTableIdentifier, there);
      if (there.status === "PAUSED") await this.#client.resume(info.groupId);
    }
    return { workflowName: info.groupId, workflowGroup: GROUP };
  }

  /** @throws ScheduleError SCHEDULE_NOT_FOUND */
  async suspend(name: WorkflowName): Promise<void> {
    const { spec } = await this.#require(name, "suspend");
    await this.#client.pause(spec.groupId, "Suspended in Flink.");
  }

  /**
   * @param dynamicOptions - from now on; if empty, the previous ones stay
   * @throws ScheduleError SCHEDULE_NOT_FOUND, SCHEDULE_VERSION_STALE
   */
  async resume(name: WorkflowName, dynamicOptions: Readonly<Record<string, string>>): Promise<void> {
    const schedule = await this.#require(name, "resume");
    if (Object.keys(dynamicOptions).length > 0) {
      await this.#client.update(withDynamicOptions(schedule, dynamicOptions), { version: schedule.version });
    }
    if (schedule.status === "PAUSED") await this.#client.resume(schedule.spec.groupId);
  }

  /** Ends a table's schedule; its ledger is kept. Does nothing if there is none, as in Flink. */
  async delete(name: WorkflowName): Promise<void> {
    const schedule = await this.#find(name);
    if (schedule !== undefined) await this.#client.unregister(schedule.spec.groupId);
  }

  async #require(name: WorkflowName, verb: string): Promise<Schedule> {
    const schedule = await this.#find(name);
    if (schedule !== undefined) return schedule;
    throw new ScheduleError(
      "SCHEDULE_NOT_FOUND",
      `Failed to ${verb} a non-existent workflow: ${name.workflowGroup}.${name.workflowName}.`,
    );
  }

  async #find({ workflowName, workflowGroup }: WorkflowName): Promise<Schedule | undefined> {
    if (workflowGroup !== GROUP) return undefined;
    try {
      const schedule = await this.#client.get(workflowName);
      return isAlive(schedule) && isOfTable(schedule) ? schedule : undefined;
    } catch (error) {
      if (hasCode(error, "SCHEDULE_NOT_FOUND")) return undefined;
      throw error;
    }
  }
}

function isAlive({ status }: Schedule): boolean {
  return SCHEDULE_STATUSES[status].isRegistered;
}

function exists(identifier: string, { status, spec }: Schedule): ScheduleError {
  const problem =
    status === "DELETING"
      ? "had a schedule that its engine has not let go yet; try again"
      : `has a schedule already, with another definition; unregister ${spec.groupId} first`;
  return new ScheduleError("SCHEDULE_EXISTS", `Materialized table ${identifier} ${problem}.`, {
    field: "materializedTableIdentifier",
  });
}
