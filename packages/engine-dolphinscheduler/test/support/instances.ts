import type { DolphinServer } from "@tidegate/test-servers";
import { settingsOf } from "../../src/options.js";
import type { DolphinRest } from "../../src/rest/dolphin-rest.js";
import { pages } from "../../src/rest/pages.js";
import { openProject } from "../../src/rest/project.js";
import { optionsFor, restOf } from "./dolphin.js";

/** A workflow instance as DolphinScheduler tells of it. */
export interface Instance {
  readonly name: string;
  readonly state: string;
  readonly commandType: string;
}

/** The instances in a DolphinScheduler, for a test to look at and to make. */
export class Instances {
  readonly #dolphin: DolphinServer;
  readonly #rest: DolphinRest;

  constructor(dolphin: DolphinServer) {
    this.#dolphin = dolphin;
    this.#rest = restOf(dolphin);
  }

  /** Those of one workflow, also of one that is deleted. */
  async of(workflow: string): Promise<Instance[]> {
    const instances: Instance[] = [];
    const all = pages<Instance>(this.#rest, `${await this.#path()}/process-instances`, {
      searchVal: workflow,
    });
    for await (const instance of all) if (instance.name.startsWith(workflow)) instances.push(instance);
    return instances;
  }

  /** Has DolphinScheduler run a workflow now. */
  async start(processDefinitionCode: number): Promise<void> {
    await this.#execute(processDefinitionCode, { execType: "START_PROCESS" });
  }

  /** Has DolphinScheduler run a workflow for each time of its schedule in a past range, both ends included. */
  async backfill(processDefinitionCode: number, from: number, to: number): Promise<void> {
    const scheduleTime = { complementStartDate: shown(from), complementEndDate: shown(to) };
    await this.#execute(processDefinitionCode, {
      execType: "COMPLEMENT_DATA",
      scheduleTime: JSON.stringify(scheduleTime),
    });
  }

  /** One page of the workflows, as DolphinScheduler's own pages ask for it. */
  async workflowPage(): Promise<void> {
    const page = { pageNo: 1, pageSize: 100 };
    await this.#rest.request("GET", `${await this.#path()}/process-definition`, page);
  }

  async #execute(processDefinitionCode: number, how: Readonly<Record<string, string>>): Promise<void> {
    await this.#rest.request("POST", `${await this.#path()}/executors/start-process-instance`, {
      processDefinitionCode,
      scheduleTime: "",
      failureStrategy: "CONTINUE",
      warningType: "NONE",
      runMode: "RUN_MODE_SERIAL",
      workerGroup: "default",
      processInstancePriority: "MEDIUM",
      dryRun: 0,
      ...how,
    });
  }

  async #path(): Promise<string> {
    const settings = settingsOf(optionsFor(this.#dolphin, "http://127.0.0.1:9/", "test"));
    return (await openProject(this.#rest, settings)).path;
  }
}

/** An instant as the test's server writes it, which lives in UTC. */
function shown(instant: number): string {
  return new Date(instant).toISOString().slice(0, 19).replace("T", " ");
}
