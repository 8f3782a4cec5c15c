import type { EngineSettings } from "../options.js";
import type { TaskDefinition } from "../task.js";
import { EXECUTING, STILL_ONLINE, WORKFLOW_GONE } from "./codes.js";
import type { DolphinRest, Fields } from "./dolphin-rest.js";
import { pages } from "./pages.js";
import { openProject, type Project } from "./project.js";

/** A workflow as DolphinScheduler returns it. */
export interface Workflow {
  readonly code: number;
  readonly name: string;
  readonly isOnline: boolean;
  readonly tasks: readonly TaskDefinition[];
}

/** A schedule as DolphinScheduler returns it. */
export interface WorkflowSchedule {
  readonly id: number;
  /** The workflow's. */
  readonly code: number;
  readonly isOnline: boolean;
  readonly crontab: string;
  readonly timezoneId: string;
  /** `yyyy-MM-dd HH:mm:ss` */
  readonly startTime: string;
  readonly endTime: string;
}

/** When a workflow fires. Times are wall-clock times in the zone. */
export type Timing = Pick<WorkflowSchedule, "crontab" | "timezoneId" | "startTime" | "endTime">;

type ReleaseState = "ONLINE" | "OFFLINE";

interface DefinitionEntry {
  readonly code: number;
  readonly name: string;
  readonly releaseState: ReleaseState;
}

interface InstanceEntry {
  readonly id: number;
  readonly state: string;
}

type ScheduleEntry = Timing & { readonly id: number; readonly releaseState: ReleaseState };

/** States of instances that can be stopped. */
const RUNNING = ["RUNNING_EXECUTION", "SUBMITTED_SUCCESS", "SERIAL_WAIT"];

/** States of instances that were told to end and have not ended yet. */
const ENDING = ["READY_STOP", "READY_PAUSE"];

/** The part of DolphinScheduler's REST API that the engine uses. */
export class DolphinApi {
  readonly #rest: DolphinRest;
  readonly #settings: EngineSettings;
  #project: Project | undefined;
  #opening: Promise<Project> | undefined;

  constructor(rest: DolphinRest, settings: EngineSettings) {
    this.#rest = rest;
    this.#settings = settings;
  }

  /** Opens the project again: it may have been deleted, and the server may have been upgraded. */
  async openAgain(): Promise<void> {
    this.#opening ??= openProject(this.#rest, this.#settings).finally(() => {
      this.#opening = undefined;
    });
    this.#project = await this.#opening;
  }

  /**
   * Returns the code of the workflow with this name; `undefined` if there is none. Searches by name, since
   * 3.1 cannot list a page on which a workflow has two schedules.
   */
  async codeOf(name: string): Promise<number | undefined> {
    const { path, generation } = await this.#open();
    const { data } = await this.#rest.request<unknown>(
      "GET",
      `${path}/${generation.definitions}/query-by-name`,
      { name },
      [WORKFLOW_GONE],
    );
    return data === null || data === undefined ? undefined : workflowIn(data, generation.definition).code;
  }

  /** Returns the workflow; `undefined` if there is none. */
  async workflow(code: number): Promise<Workflow | undefined> {
    const { path, generation } = await this.#open();
    const { data } = await this.#rest.request<unknown>(
      "GET",
      `${path}/${generation.definitions}/${code}`,
      {},
      [WORKFLOW_GONE],
    );
    return data === null || data === undefined ? undefined : workflowIn(data, generation.definition);
  }

  /** Returns all workflows of the project, by their codes. */
  async workflows(): Promise<Workflow[]> {
    const { path, generation } = await this.#open();
    const { data } = await this.#rest.request<readonly unknown[] | null>(
      "GET",
      `${path}/${generation.definitions}/list`,
    );
    const all = (data ?? []).map((entry) => workflowIn(entry, generation.definition));
    return all.sort((a, b) => a.code - b.code);
  }

  /** Returns all schedules of the project. */
  async schedules(): Promise<WorkflowSchedule[]> {
    const { path, generation } = await this.#open();
    const { data } = await this.#rest.request<readonly ScheduleEntry[] | null>(
      "POST",
      `${path}/schedules/list`,
    );
    return (data ?? []).map((entry) => scheduleIn(entry, generation.code));
  }

  /** Returns the schedules of one workflow, oldest first; normally there is one. */
  async schedulesOf(code: number): Promise<WorkflowSchedule[]> {
    const { path, generation } = await this.#open();
    const schedules: WorkflowSchedule[] = [];
    const found = pages<ScheduleEntry>(this.#rest, `${path}/schedules`, { [generation.code]: code });
    for await (const entry of found) schedules.push(scheduleIn(entry, generation.code));
    return schedules.filter((schedule) => schedule.code === code).sort((a, b) => a.id - b.id);
  }

  async newTaskCode(): Promise<number> {
    const { path } = await this.#open();
    const { data } = await this.#rest.request<readonly [number]>(
      "GET",
      `${path}/task-definition/gen-task-codes`,
      { genNum: 1 },
    );
    return data[0];
  }

  /**
   * Creates a workflow of one task, offline. A refusal is no failure if another manager created it at the
   * same moment.
   *
   * @returns its code
   */
  async createWorkflow(name: string, task: TaskDefinition): Promise<number> {
    const { path, generation } = await this.#open();
    const fields = this.#workflowFields(name, task);
    try {
      const created = await this.#rest.request<{ readonly code: number }>(
        "POST",
        `${path}/${generation.definitions}`,
        fields,
      );
      return created.data.code;
    } catch (refusal) {
      const code = await this.codeOf(name);
      if (code !== undefined) return code;
      throw refusal;
    }
  }

  /** Updates a workflow that is offline. */
  async updateWorkflow(code: number, name: string, task: TaskDefinition): Promise<void> {
    const { path, generation } = await this.#open();
    const fields = this.#workflowFields(name, task);
    await this.#rest.request("PUT", `${path}/${generation.definitions}/${code}`, fields);
  }

  /** Takes a workflow online, or offline together with its schedule. */
  async release(code: number, name: string, releaseState: ReleaseState): Promise<void> {
    const { path, generation } = await this.#open();
    const fields = { name, releaseState };
    await this.#rest.request("POST", `${path}/${generation.definitions}/${code}/release`, fields);
  }

  /** Deletes a workflow. @returns `false` while it is online, or an instance runs */
  async deleteWorkflow(code: number): Promise<boolean> {
    const { path, generation } = await this.#open();
    const answer = await this.#rest.request("DELETE", `${path}/${generation.definitions}/${code}`, {}, [
      EXECUTING,
      STILL_ONLINE,
      WORKFLOW_GONE,
    ]);
    return answer.code !== EXECUTING && answer.code !== STILL_ONLINE;
  }

  /**
   * Creates or updates the schedule of a workflow that is online; the schedule is offline afterwards.
   * @returns its id
   */
  async putSchedule(code: number, timing: Timing, id?: number): Promise<number> {
    const { path, generation } = await this.#open();
    const fields = {
      [generation.code]: code,
      schedule: JSON.stringify(timing),
      warningType: "NONE",
      warningGroupId: 0,
      failureStrategy: "CONTINUE",
      [generation.priority]: "MEDIUM",
      workerGroup: this.#settings.workerGroup,
      tenantCode: this.#settings.tenantCode,
      environmentCode: this.#settings.environmentCode,
    };
    if (id !== undefined) {
      await this.#rest.request("PUT", `${path}/schedules/${id}`, fields);
      return id;
    }
    const { data } = await this.#rest.request<{ readonly id: number }>("POST", `${path}/schedules`, fields);
    return data.id;
  }

  async setScheduleOnline(id: number, isOnline: boolean): Promise<void> {
    const { path } = await this.#open();
    await this.#rest.request("POST", `${path}/schedules/${id}/${isOnline ? "online" : "offline"}`);
  }

  /** Deletes a schedule that is offline. */
  async deleteSchedule(id: number): Promise<void> {
    const { path } = await this.#open();
    await this.#rest.request("DELETE", `${path}/schedules/${id}`);
  }

  /** Stops the instances of a workflow that have not ended. */
  async stopInstances(code: number): Promise<void> {
    const { path, generation } = await this.#open();
    for await (const { id } of this.#instancesIn(RUNNING, code)) {
      await this.#stop(path, { [generation.instanceId]: id });
    }
  }

  /** Returns the states of instances of a workflow that have not ended. */
  async unendedStates(code: number): Promise<string[]> {
    const states = new Set<string>();
    for await (const { state } of this.#instancesIn([...RUNNING, ...ENDING], code)) states.add(state);
    return [...states];
  }

  async *#instancesIn(states: readonly string[], code: number): AsyncGenerator<InstanceEntry> {
    const { path, generation } = await this.#open();
    for (const stateType of states) {
      yield* pages<InstanceEntry>(this.#rest, `${path}/${generation.instances}`, {
        [generation.codeOfInstances]: code,
        stateType,
      });
    }
  }

  /** An instance that has ended meanwhile cannot be stopped; whatever the reason, the deletion reports it. */
  async #stop(path: string, instance: Fields): Promise<void> {
    const fields = { ...instance, executeType: "STOP" };
    await this.#rest.request("POST", `${path}/executors/execute`, fields).catch(() => {});
  }

  #workflowFields(name: string, task: TaskDefinition): Fields {
    const relation = {
      name: "",
      preTaskCode: 0,
      preTaskVersion: 0,
      postTaskCode: task.code,
      postTaskVersion: task.version,
      conditionType: "NONE",
      conditionParams: {},
    };
    return {
      name,
      description: "Fires a schedule of Tidegate. It is managed there: changes made here are undone.",
      globalParams: "[]",
      locations: JSON.stringify([{ taskCode: task.code, x: 100, y: 100 }]),
      timeout: 0,
      tenantCode: this.#settings.tenantCode,
      taskRelationJson: JSON.stringify([relation]),
      taskDefinitionJson: JSON.stringify([task]),
      executionType: "PARALLEL",
    };
  }

  async #open(): Promise<Project> {
    if (this.#project === undefined) await this.openAgain();
    return this.#project!;
  }
}

function workflowIn(entry: unknown, definition: string): Workflow {
  const { [definition]: found, taskDefinitionList } = entry as Record<string, unknown>;
  const { code, name, releaseState } = found as DefinitionEntry;
  const tasks = (taskDefinitionList ?? []) as readonly TaskDefinition[];
  return { code, name, isOnline: releaseState === "ONLINE", tasks };
}

function scheduleIn(entry: ScheduleEntry, codeField: string): WorkflowSchedule {
  const { id, releaseState, crontab, timezoneId, startTime, endTime } = entry;
  const code = Number((entry as unknown as Record<string, unknown>)[codeField]);
  return { id, code, isOnline: releaseState === "ONLINE", crontab, timezoneId, startTime, endTime };
}
