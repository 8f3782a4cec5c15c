import { EngineError } from "@tidegate/core";
import { type Clock, pause } from "@tidegate/core/clock";
import type { EngineEntry, EngineSchedule } from "@tidegate/core/engine";
import type { ForeignScheduler } from "@tidegate/engine-kit";
import { type Definition, definitionOf, encoded } from "./definition.js";
import type { EngineSettings } from "./options.js";
import type { DolphinApi, Workflow, WorkflowSchedule } from "./rest/dolphin-api.js";
import { Refusal } from "./rest/dolphin-rest.js";
import { definitionIn, taskOf } from "./task.js";
import { isTimedBy, timingOf } from "./timing.js";

/**
 * Maximum time that a running instance may delay the deletion of its workflow, ms, and the interval between
 * checks.
 */
const DELETE_WITHIN_MS = 30_000;
const DELETE_AGAIN_MS = 300;

/** Waits before a refused change is retried, ms. */
const RETRY_AFTER_MS = [300, 1_000];

/** Number of workflows written at the same time. */
const AT_ONCE = 4;

/** A group as DolphinScheduler holds it. */
interface Held {
  readonly workflow: Workflow;
  readonly schedules: readonly WorkflowSchedule[];
}

/** Keeps a workflow and its schedule in DolphinScheduler for each of Tidegate's schedules. */
export class Registrar implements ForeignScheduler {
  readonly #api: DolphinApi;
  readonly #settings: EngineSettings;
  readonly #clock: Clock;

  constructor(api: DolphinApi, settings: EngineSettings, clock: Clock) {
    this.#api = api;
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Makes the workflows match the schedules, whatever state they are in. */
  async register(schedules: readonly EngineSchedule[]): Promise<void> {
    const wanted = new Map(schedules.map((schedule) => [schedule.groupId, schedule]));
    await this.#api.openAgain();
    await eachOf([...wanted.values()], (schedule) => this.#retried(() => this.#put(schedule)));
  }

  async unregister(groupIds: readonly string[]): Promise<void> {
    await this.#api.openAgain();
    await eachOf([...new Set(groupIds)], async (groupId) => {
      const name = this.#settings.names.nameOf(groupId);
      await this.#retried(async () => {
        const code = await this.#api.codeOf(name);
        if (code !== undefined) await this.#delete(code, name);
      });
    });
  }

  /** Returns the schedules that DolphinScheduler fires as registered, ordered by group id. */
  async list(): Promise<EngineEntry[]> {
    await this.#api.openAgain();
    const schedules = await this.#api.schedules();
    const byCode = new Map<number, WorkflowSchedule[]>();
    for (const schedule of schedules)
      byCode.set(schedule.code, [...(byCode.get(schedule.code) ?? []), schedule]);
    const entries = new Map<string, EngineEntry>();
    for (const workflow of await this.#api.workflows()) {
      const held = { workflow, schedules: byCode.get(workflow.code) ?? [] };
      const definition = this.#definitionHeld(held);
      if (definition === undefined) continue;
      const { groupId, version } = definition;
      entries.set(groupId, { groupId, version });
    }
    return [...entries.values()].sort((a, b) => (a.groupId < b.groupId ? -1 : 1));
  }

  /**
   * Retries a change that is refused: DolphinScheduler reports an error of its database, such as a lock that it
   * did not get while other workflows were written, like a refusal of the request itself.
   */
  async #retried(change: () => Promise<void>): Promise<void> {
    for (const waitMs of RETRY_AFTER_MS) {
      try {
        return await change();
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
      }
      await pause(this.#clock, waitMs);
    }
    await change();
  }

  /** Each step leaves a state from which a retry continues. */
  async #put(schedule: EngineSchedule): Promise<void> {
    const definition = definitionOf(schedule, this.#settings, this.#clock.now());
    const { workflow: name } = definition;
    const code = await this.#api.codeOf(name);
    const held = code === undefined ? undefined : await this.#held(code);
    if (held === undefined) {
      const task = taskOf(definition, this.#settings, { code: await this.#api.newTaskCode(), version: 1 });
      await this.#bringOnline(await this.#api.createWorkflow(name, task), definition);
      return;
    }
    const before = this.#definitionHeld(held);
    if (before !== undefined && encoded(before) === encoded(definition)) return;
    const { workflow } = held;
    await this.#takeOffline(workflow);
    const known = workflow.tasks[0] ?? { code: await this.#api.newTaskCode(), version: 1 };
    await this.#api.updateWorkflow(workflow.code, name, taskOf(definition, this.#settings, known));
    await this.#bringOnline(workflow.code, definition);
  }

  async #bringOnline(code: number, definition: Definition): Promise<void> {
    await this.#api.release(code, definition.workflow, "ONLINE");
    const timing = timingOf(definition, this.#clock.now());
    const kept = await this.#onlySchedule(code);
    if (kept?.isOnline) await this.#api.setScheduleOnline(kept.id, false);
    if (timing === undefined) {
      if (kept !== undefined) await this.#api.deleteSchedule(kept.id);
      return;
    }
    const id = await this.#api.putSchedule(code, timing, kept?.id);
    const only = kept ?? (await this.#onlySchedule(code));
    await this.#api.setScheduleOnline(only?.id ?? id, true);
  }

  /**
   * Returns the oldest schedule of a workflow, and deletes others. DolphinScheduler does not prevent a second
   * one, and another manager may create one at the same moment: both keep the same one.
   */
  async #onlySchedule(code: number): Promise<WorkflowSchedule | undefined> {
    const [kept, ...further] = await this.#api.schedulesOf(code);
    for (const { id, isOnline } of further) {
      if (isOnline) await this.#api.setScheduleOnline(id, false);
      await this.#api.deleteSchedule(id);
    }
    return kept;
  }

  /** Leaves one schedule first: a workflow with two cannot be taken offline. */
  async #takeOffline({ code, name, isOnline }: Workflow): Promise<void> {
    await this.#onlySchedule(code);
    if (isOnline) await this.#api.release(code, name, "OFFLINE");
  }

  /**
   * Takes it offline first, so that it stays silent even while a running instance delays the deletion.
   * Another manager, or a person, may bring it online in between.
   */
  async #delete(code: number, name: string): Promise<void> {
    for (let left = DELETE_WITHIN_MS; left > 0; left -= DELETE_AGAIN_MS) {
      const workflow = await this.#api.workflow(code);
      if (workflow === undefined) return;
      await this.#takeOffline(workflow);
      if (await this.#api.deleteWorkflow(code)) return;
      await this.#api.stopInstances(code);
      await pause(this.#clock, DELETE_AGAIN_MS);
    }
    const states = await this.#api.unendedStates(code);
    const message = `DolphinScheduler has taken workflow ${name} offline, but cannot delete it: an instance of it still runs (${states.join(", ")}).`;
    throw new EngineError("ENGINE_FAILED", message);
  }

  async #held(code: number): Promise<Held | undefined> {
    const workflow = await this.#api.workflow(code);
    return workflow && { workflow, schedules: await this.#api.schedulesOf(code) };
  }

  /**
   * Returns the definition by which DolphinScheduler fires; `undefined` if it does not fire, or fires by
   * something else.
   */
  #definitionHeld({ workflow, schedules }: Held): Definition | undefined {
    const [task, ...furtherTasks] = workflow.tasks;
    const [schedule, ...furtherSchedules] = schedules;
    if (!this.#settings.names.has(workflow.name) || !workflow.isOnline) return undefined;
    if (task === undefined || furtherTasks.length > 0 || furtherSchedules.length > 0) return undefined;
    const definition = definitionIn(task, this.#settings);
    if (definition?.workflow !== workflow.name) return undefined;
    if (definition.crontab === null) return schedule === undefined ? definition : undefined;
    const isTimed = schedule?.isOnline && isTimedBy(schedule, definition, this.#clock.now());
    return isTimed ? definition : undefined;
  }
}

/** Processes the items, some at a time; rejects with the first failure once those in progress have ended. */
async function eachOf<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  for (let from = 0; from < items.length; from += AT_ONCE) {
    const settled = await Promise.allSettled(items.slice(from, from + AT_ONCE).map(work));
    const failure = settled.find((outcome) => outcome.status === "rejected");
    if (failure !== undefined) throw failure.reason;
  }
}
