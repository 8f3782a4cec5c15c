import type { DolphinServer } from "@tidegate/test-servers";
import { listen } from "../foreign/listener.js";
import { latenessOf, PROBE_PERIOD_S, PROBES, STEPS, type Step } from "../foreign/step.js";
import { waitUntil } from "../setup.js";

/** So many workflows are made at the same time, as the engine does. */
const AT_ONCE = 4;

/**
 * What one would do without Tidegate: workflows of one HTTP task that posts unsigned to a server that does nothing, made by
 * as few requests as there may be.
 */
export async function measureBare({ url, token, tenantCode }: DolphinServer): Promise<Step[]> {
  const listener = await listen();
  const bare = new BareWorkflows(url, token, tenantCode, listener.url);
  await bare.openProject();
  const steps: Step[] = [];
  let there = 0;
  for (const count of STEPS) {
    const began = Date.now();
    await bare.createAll(there, count);
    const activeMs = Date.now() - began;
    const firstAt = Date.now();
    const name = `bare-first-${count}`;
    await bare.create(name, "0/10 * * * * ? *");
    await waitUntil(() => listener.ticks.some((tick) => tick.name === name), "the first callback");
    const firstMs = Date.now() - firstAt;
    await bare.stopFiring();
    steps.push({ activeMs, firstMs, lateness: await latenessOf(listener.ticks) });
    there = count;
  }
  await listener.close();
  return steps;
}

class BareWorkflows {
  readonly #url: string;
  readonly #token: string;
  readonly #tenantCode: string;
  readonly #listenerUrl: string;
  #project = "";
  #lastSchedule = 0;

  constructor(url: string, token: string, tenantCode: string, listenerUrl: string) {
    this.#url = url;
    this.#token = token;
    this.#tenantCode = tenantCode;
    this.#listenerUrl = listenerUrl;
  }

  async openProject(): Promise<void> {
    const { code } = await this.#post<{ code: number }>("/projects", {
      projectName: "bare",
      description: "",
    });
    this.#project = `/projects/${code}`;
  }

  /** The workflows from one number to another: first those that are measured, each at a time of its own. */
  async createAll(from: number, to: number): Promise<void> {
    for (let n = from; n < to; n += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, to - n) }, (_, index) => n + index);
      await Promise.all(some.map((each) => this.create(`bare-${each}`, crontab(each))));
    }
  }

  async create(name: string, cron: string): Promise<void> {
    const [task] = await this.#get<[number]>(`${this.#project}/task-definition/gen-task-codes?genNum=1`);
    const { code } = await this.#post<{ code: number }>(
      `${this.#project}/process-definition`,
      this.#workflow(name, task),
    );
    await this.#post(`${this.#project}/process-definition/${code}/release`, { name, releaseState: "ONLINE" });
    const schedule = {
      startTime: "2026-01-01 00:00:00",
      endTime: "2100-01-01 00:00:00",
      crontab: cron,
      timezoneId: "UTC",
    };
    const { id } = await this.#post<{ id: number }>(`${this.#project}/schedules`, {
      processDefinitionCode: code,
      schedule: JSON.stringify(schedule),
      warningType: "NONE",
      warningGroupId: 0,
      failureStrategy: "CONTINUE",
      processInstancePriority: "MEDIUM",
      workerGroup: "default",
      environmentCode: -1,
    });
    await this.#post(`${this.#project}/schedules/${id}/online`, {});
    this.#lastSchedule = id;
  }

  /** Of the workflow that was made last. */
  async stopFiring(): Promise<void> {
    await this.#post(`${this.#project}/schedules/${this.#lastSchedule}/offline`, {});
  }

  #workflow(name: string, task: number): Record<string, string | number> {
    const parameter = (prop: string, value: string) => ({ prop, httpParametersType: "BODY", value });
    const taskParams = {
      localParams: [],
      url: this.#listenerUrl,
      httpMethod: "POST",
      httpParams: [parameter("name", name), parameter("tick", "$[timestamp(yyyyMMddHHmmss)]000")],
      httpCheckCondition: "STATUS_CODE_DEFAULT",
      condition: "",
      connectTimeout: 10_000,
      socketTimeout: 10_000,
    };
    const definition = {
      code: task,
      version: 1,
      name: "post",
      description: "",
      taskType: "HTTP",
      taskParams,
      flag: "YES",
      taskPriority: "MEDIUM",
      workerGroup: "default",
      environmentCode: -1,
      delayTime: 0,
      failRetryTimes: 0,
      failRetryInterval: 1,
      timeoutFlag: "CLOSE",
      timeoutNotifyStrategy: "",
      timeout: 0,
    };
    const relation = {
      name: "",
      preTaskCode: 0,
      preTaskVersion: 0,
      postTaskCode: task,
      postTaskVersion: 1,
      conditionType: "NONE",
      conditionParams: {},
    };
    return {
      name,
      description: "",
      globalParams: "[]",
      locations: JSON.stringify([{ taskCode: task, x: 0, y: 0 }]),
      timeout: 0,
      tenantCode: this.#tenantCode,
      taskRelationJson: JSON.stringify([relation]),
      taskDefinitionJson: JSON.stringify([definition]),
      executionType: "PARALLEL",
    };
  }

  #get<Data>(path: string): Promise<Data> {
    return this.#send(path, {});
  }

  #post<Data = unknown>(path: string, fields: Record<string, string | number>): Promise<Data> {
    const form = new URLSearchParams(
      Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)]),
    );
    return this.#send(path, { method: "POST", body: form });
  }

  async #send<Data>(path: string, init: RequestInit): Promise<Data> {
    const response = await fetch(`${this.#url}${path}`, { ...init, headers: { token: this.#token } });
    const { code, msg, data } = (await response.json()) as { code: number; msg: string; data: Data };
    if (code !== 0) throw new Error(`DolphinScheduler refused ${path} with code ${code}: ${msg}`);
    return data;
  }
}

function crontab(n: number): string {
  if (n >= PROBES) return "0 0 0 1 1 ? 2090";
  const seconds = Array.from({ length: 60 / PROBE_PERIOD_S }, (_, turn) => {
    return n * (PROBE_PERIOD_S / PROBES) + turn * PROBE_PERIOD_S;
  });
  return `${seconds.join(",")} * * * * ? *`;
}
