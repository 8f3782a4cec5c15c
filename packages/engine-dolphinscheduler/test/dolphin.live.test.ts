import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { createTidegate } from "@tidegate/core";
import { SystemClock } from "@tidegate/core/clock";
import type { EngineEntry } from "@tidegate/core/engine";
import type { JobOutcome, ScheduleOperator } from "@tidegate/core/operator";
import { MemoryStore } from "@tidegate/core/testing";
import { NameSpace } from "@tidegate/engine-kit";
import { createManager, type Manager, outsideEngine } from "@tidegate/manager";
import { Door, SECRET, scheduleOf, specOf } from "@tidegate/test-outside";
import { type DolphinServer, TcpProxy } from "@tidegate/test-servers";
import { countingOperator, until } from "@tidegate/testkit";
import { coverageTask, DolphinSchedulerEngine } from "../src/index.js";
import { settingsOf } from "../src/options.js";
import { Registrar } from "../src/registrar.js";
import { DolphinApi } from "../src/rest/dolphin-api.js";
import { conformance } from "./sharing/conformance.js";
import { Bed, type DolphinBedOptions } from "./support/bed.js";
import { apiOf, optionsFor, restOf, silence, startDolphin } from "./support/dolphin.js";
import { Instances } from "./support/instances.js";

const EVERY_TWO_SECONDS = { type: "period", every: 2, unit: "second" } as const;

jest.setTimeout(300_000);

let dolphin: DolphinServer;
let api: DolphinApi;
let instances: Instances;
let prefix: string;
let bed: Bed | undefined;
let count = 0;

beforeAll(async () => {
  dolphin = await startDolphin();
  api = apiOf(dolphin);
  instances = new Instances(dolphin);
}, 1_200_000);

afterAll(() => dolphin.dispose());

// One server for these tests and the suite: to start one takes a sixth of a minute of a processor. The last test kills it.
conformance(() => dolphin);

beforeEach(() => {
  count += 1;
  prefix = `live-${count}`;
});

afterEach(async () => {
  await bed?.close();
  bed = undefined;
  await silence(api, prefix);
});

async function open(options: DolphinBedOptions = {}): Promise<Bed> {
  bed = await Bed.open(dolphin, prefix, options);
  return bed;
}

async function listed(engine: DolphinSchedulerEngine): Promise<EngineEntry[]> {
  const entries: EngineEntry[] = [];
  for await (const entry of engine.list()) entries.push(entry);
  return entries;
}

/** A group's workflow and schedules as DolphinScheduler has them. */
async function heldOf(groupId: string) {
  const code = await api.codeOf(new NameSpace(prefix).nameOf(groupId));
  if (code === undefined) return undefined;
  return { workflow: (await api.workflow(code))!, schedules: await api.schedulesOf(code) };
}

describe("a schedule in DolphinScheduler", () => {
  it("is a workflow with a schedule, changes in place, and leaves nothing behind", async () => {
    const { client, engine, ...rest } = await open();
    expect(await bed!.register("orders")).toMatchObject({ status: "REGISTERED" });
    const before = (await heldOf("orders"))!;
    const online = [{ isOnline: true, crontab: "0/2 * * * * ? *", timezoneId: "UTC" }];
    expect(before).toMatchObject({ workflow: { isOnline: true }, schedules: online });
    await bed!.untilRan("orders", 2);

    const { spec } = await client.get("orders");
    const daily = { type: "cron", expression: "7 3 * * *" } as const;
    const changed = {
      groupId: "orders",
      trigger: daily,
      startTime: spec.startTime,
      timezone: "Europe/Berlin",
    };
    await client.update(changed, { version: 1 });
    expect(await listed(engine)).toEqual([{ groupId: "orders", version: 2 }]);
    const after = (await heldOf("orders"))!;
    expect(after.schedules).toMatchObject([{ crontab: "0 7 3 * * ? *", timezoneId: "Europe/Berlin" }]);
    expect(after.workflow.code).toBe(before.workflow.code);

    await client.pause("orders");
    expect(await heldOf("orders")).toBeUndefined();
    await client.resume("orders");
    expect(await heldOf("orders")).toMatchObject({ workflow: { isOnline: true } });
    await client.unregister("orders");
    expect(await heldOf("orders")).toBeUndefined();
    expect(rest.troubles).toEqual([]);
  });

  it("that managers register at the same moment is there once, if not at first then when it is repeated", async () => {
    const engines = [1, 2].map(
      () => new DolphinSchedulerEngine(optionsFor(dolphin, "http://127.0.0.1:9/", prefix)),
    );
    const startTime = Math.floor(Date.now() / 60_000) * 60_000;
    const spec = specOf({ trigger: { type: "period", every: 1, unit: "day" }, startTime });
    const groupIds = ["a", "b", "c", "d", "e", "f"];
    const schedules = groupIds.map((groupId) => scheduleOf(groupId, spec));
    await Promise.allSettled(engines.map((engine) => engine.handleRegister(schedules)));
    await engines[0]!.handleRegister(schedules);
    expect((await listed(engines[1]!)).map(({ groupId }) => groupId)).toEqual(groupIds);
  });

  it("gets rid of a second timing, with which DolphinScheduler can list no workflows", async () => {
    await open();
    await bed!.register("orders");
    const { workflow, schedules } = (await heldOf("orders"))!;
    const { crontab, timezoneId, startTime, endTime } = schedules[0]!;
    await api.putSchedule(workflow.code, { crontab, timezoneId, startTime, endTime });
    await expect(instances.workflowPage()).rejects.toThrow("10122");
    expect(await listed(bed!.engine)).toEqual([]);
    const { spec } = await bed!.client.get("orders");
    await bed!.engine.handleRegister([scheduleOf("orders", spec)]);
    expect((await heldOf("orders"))!.schedules).toHaveLength(1);
    expect(await listed(bed!.engine)).toEqual([{ groupId: "orders", version: 1 }]);
  });

  it("is deleted while an instance waits for its job", async () => {
    await open({ engine: { wait: true }, operator: endingIn(() => new Promise(() => {})) });
    await bed!.register("orders");
    const name = new NameSpace(prefix).nameOf("orders");
    await until(async () => (await instances.of(name)).length > 0, { what: "an instance" });
    await bed!.engine.handleUnregister(["orders"]);
    expect(await heldOf("orders")).toBeUndefined();
  });
});

describe("a schedule that is removed", () => {
  /** A DolphinScheduler in which somebody brings the workflow online right before it is deleted. */
  class Contended extends DolphinApi {
    #isOver = false;

    override async deleteWorkflow(code: number): Promise<boolean> {
      if (!this.#isOver) await this.release(code, new NameSpace(prefix).nameOf("orders"), "ONLINE");
      this.#isOver = true;
      return super.deleteWorkflow(code);
    }
  }

  it("is gone though another manager mends it at that moment", async () => {
    const settings = settingsOf(optionsFor(dolphin, "http://127.0.0.1:9/", prefix));
    const registrar = new Registrar(new Contended(restOf(dolphin), settings), settings, new SystemClock());
    const startTime = Math.floor(Date.now() / 60_000) * 60_000;
    const spec = specOf({ trigger: { type: "period", every: 1, unit: "day" }, startTime });
    await registrar.register([scheduleOf("orders", spec)]);
    await registrar.unregister(["orders"]);
    expect(await heldOf("orders")).toBeUndefined();
  });
});

describe("group ids", () => {
  const NASTY = [
    `it's "both"`,
    "line\nbreak\r\n\ttab",
    "$HOME $(id) `id` \\",
    `\${system.datetime} $[yyyyMMdd] !{x}`,
    `\${setValue(a=b)} #{setValue(a=b)}`,
    "TIDEGATE\nexit 3\n",
    "{{ x }} {% raise %} %s %(key)s",
    "../../../etc/passwd",
    "'; DROP TABLE t_ds_user; --",
    "<script>alert(1)</script>",
    "数据-é-🌊",
    "UPPER",
    "upper",
    "a".repeat(200),
  ];

  it("reach DolphinScheduler as data, whatever is in them, and come back as they were", async () => {
    const door = await Door.open("dolphinscheduler");
    const engine = new DolphinSchedulerEngine(optionsFor(dolphin, door.url, prefix));
    // Ticks soon, for one fire each: the schedule's time is over, and it is owed.
    const startTime = Math.floor(Date.now() / 60_000) * 60_000 - 120_000;
    const spec = specOf({ trigger: { type: "once", at: startTime + 60_000 }, startTime });
    await engine.handleRegister(NASTY.map((groupId) => scheduleOf(groupId, spec)));
    const ids = (await listed(engine)).map(({ groupId }) => groupId);
    expect(ids).toEqual([...NASTY].sort((a, b) => (a < b ? -1 : 1)));
    const fired = () => new Set(door.fires.map(({ groupId }) => groupId));
    await until(() => fired().size >= NASTY.length, { what: "a fire of each", limitMs: 150_000 });
    expect(fired()).toEqual(new Set(NASTY));
    expect(new Set(door.fires.map(({ scheduledTime }) => scheduledTime))).toEqual(
      new Set([startTime + 60_000]),
    );
    // DolphinScheduler takes its time to stop instances that are under way.
    const isGone = () =>
      engine.handleUnregister(NASTY).then(
        () => true,
        (error: Error) => {
          if (error.message.includes("still runs")) return false;
          throw error;
        },
      );
    await until(isGone, { what: "all of them to be gone" });
    expect(await listed(engine)).toEqual([]);
    await door.close();
  });
});

describe("the reconciler mends what was changed by hand:", () => {
  it.each<[string, (code: number, name: string, scheduleId: number) => Promise<unknown>]>([
    ["a workflow that is offline", (code, name) => api.release(code, name, "OFFLINE")],
    [
      "a workflow that is deleted",
      async (code, name) => {
        await api.release(code, name, "OFFLINE");
        await until(() => api.deleteWorkflow(code), { what: "the deletion" });
      },
    ],
    ["a schedule that is offline", (_code, _name, id) => api.setScheduleOnline(id, false)],
    [
      "a schedule that is deleted",
      async (_code, _name, id) => {
        await api.setScheduleOnline(id, false);
        await api.deleteSchedule(id);
      },
    ],
    [
      "a crontab",
      async (code, _name, id) => {
        const { schedules } = (await heldOf("orders"))!;
        await api.setScheduleOnline(id, false);
        await api.putSchedule(code, { ...schedules[0]!, crontab: "0 0 0 1 1 ? *" }, id);
        await api.setScheduleOnline(id, true);
      },
    ],
    [
      "a script",
      async (code, name) => {
        const { workflow, schedules } = (await heldOf("orders"))!;
        const [task] = workflow.tasks;
        const params = typeof task!.taskParams === "string" ? JSON.parse(task!.taskParams) : task!.taskParams;
        await api.release(code, name, "OFFLINE");
        await api.updateWorkflow(code, name, { ...task!, taskParams: { ...params, rawScript: "exit 0" } });
        await api.release(code, name, "ONLINE");
        await api.setScheduleOnline(schedules[0]!.id, true);
      },
    ],
  ])("%s", async (_what, tamper) => {
    await open();
    await bed!.register("orders");
    await bed!.untilRan("orders", 1);
    const { workflow, schedules } = (await heldOf("orders"))!;
    await tamper(workflow.code, workflow.name, schedules[0]!.id);
    expect(await bed!.reconcile()).toMatchObject([{ registered: 1, updated: 0, removed: 0 }]);
    expect(await listed(bed!.engine)).toEqual([{ groupId: "orders", version: 1 }]);
    await bed!.untilRan("orders", 2);
    const { gaps, overlaps } = await bed!.client.audit("orders");
    expect({ gaps, overlaps }).toEqual({ gaps: [], overlaps: [] });
  });
});

describe("a DolphinScheduler that is away or refuses", () => {
  it("is told at registration, and the schedule is registered when it is back", async () => {
    const port = Number(new URL(dolphin.url).port);
    const proxy = await TcpProxy.start(port);
    await open({ reconcileEveryMs: 1_000, engine: { url: dolphin.url.replace(`${port}`, `${proxy.port}`) } });
    proxy.sever();
    const schedule = await bed!.register("orders");
    expect(schedule).toMatchObject({ status: "FAILED" });
    expect(schedule.statusReason).toContain("cannot be reached");
    proxy.mend();
    const status = async () => (await bed!.client.get("orders")).status;
    await until(async () => (await status()) === "REGISTERED", { what: "the registration" });
    await bed!.untilRan("orders", 2);
    await bed!.close();
    bed = undefined;
    await proxy.dispose();
  });

  it("because of its token is told so, without the token", async () => {
    const options = optionsFor(dolphin, "http://127.0.0.1:9/", prefix);
    const expired = await dolphin.newToken(Date.now() + 5_000);
    const schedule = scheduleOf("orders", specOf({ trigger: EVERY_TWO_SECONDS }));
    const messageWith = (token: string) =>
      new DolphinSchedulerEngine({ ...options, token }).handleRegister([schedule]).then(
        () => "",
        (error: Error) => error.message,
      );
    const wrong = await messageWith("not-the-token");
    expect(wrong).toContain("it is wrong or has expired");
    expect(wrong).not.toContain("not-the-token");
    await until(async () => (await messageWith(expired)).includes("it is wrong or has expired"), {
      what: "the token to expire",
    });
    expect(await messageWith(expired)).not.toContain(expired);
  });

  it("tells its own reason", async () => {
    const options = { ...optionsFor(dolphin, "http://127.0.0.1:9/", prefix), tenantCode: "nobody-knows" };
    const engine = new DolphinSchedulerEngine(options);
    await expect(
      engine.handleRegister([scheduleOf("orders", specOf({ trigger: EVERY_TWO_SECONDS }))]),
    ).rejects.toMatchObject({ code: "ENGINE_FAILED", message: expect.stringMatching(/code \d+: .*tenant/i) });
  });
});

describe("the state of an instance", () => {
  it.each([
    ["SUCCESS", "SUCCEEDED"],
    ["FAILURE", "FAILED"],
  ] as const)("is %s when its run has %s", async (colour, state) => {
    const outcomes: Record<typeof state, JobOutcome> = {
      SUCCEEDED: { state: "SUCCEEDED", metrics: { rowsRead: 1, rowsWritten: 1, rowsDirty: 0 } },
      FAILED: {
        state: "FAILED",
        error: { code: "JOB_FAILED", message: "As the test asked for." },
        isRetryable: false,
      },
    };
    await open({ engine: { wait: true }, operator: endingIn(async () => outcomes[state]) });
    await bed!.register("orders", {
      trigger: { type: "once", at: Date.now() + 4_000 },
      startTime: Date.now() - 1_000,
    });
    const name = new NameSpace(prefix).nameOf("orders");
    const states = async () => (await instances.of(name)).map((instance) => instance.state);
    // It has several ticks: all but the first are repetitions.
    const isColoured = async () => {
      const seen = await states();
      return seen.length > 0 && seen.every((each) => each === colour);
    };
    await until(isColoured, { what: `all instances to be ${colour}` });
  });
});

describe("what is asked for again", () => {
  it("by a backfill of DolphinScheduler's is a duplicate, and runs nothing twice", async () => {
    await open();
    const startTime = Math.floor(Date.now() / 60_000) * 60_000 - 5 * 60_000;
    await bed!.register("orders", { startTime, trigger: { type: "period", every: 1, unit: "minute" } });
    await bed!.untilRan("orders", 5);
    const { workflow } = (await heldOf("orders"))!;
    await instances.backfill(workflow.code, startTime + 60_000, startTime + 4 * 60_000);
    const backfilled = async () =>
      (await instances.of(workflow.name)).filter(({ commandType }) => commandType === "COMPLEMENT_DATA");
    const isDone = async () => {
      const all = await backfilled();
      return all.length === 4 && all.every(({ state }) => state === "SUCCESS");
    };
    await until(isDone, { what: "the backfill" });
    const intervals = bed!.counted.intervalsOf("orders");
    expect(new Set(intervals.map(({ lower }) => lower)).size).toBe(intervals.length);
    expect(await bed!.client.audit("orders")).toMatchObject({ gaps: [], overlaps: [], isSound: true });
  });

  it("while the manager is away is fired when it is back", async () => {
    await open();
    await bed!.register("orders");
    await bed!.untilRan("orders", 1);
    await bed!.closeDoor();
    const name = new NameSpace(prefix).nameOf("orders");
    const before = (await instances.of(name)).length;
    await until(async () => (await instances.of(name)).length > before + 1, {
      what: "instances behind a closed door",
    });
    await bed!.openDoor();
    await bed!.untilRan("orders", 3);
    expect(await bed!.client.audit("orders")).toMatchObject({ gaps: [], overlaps: [], isSound: true });
  });
});

describe("a task that waits for a group's coverage", () => {
  let manager: Manager;
  let folder: string;
  afterEach(async () => {
    await manager.close();
    rmSync(folder, { recursive: true });
  });

  it("ends well as soon as the group covers the hour before the scheduled time", async () => {
    const tidegate = createTidegate({
      store: new MemoryStore(),
      engines: [outsideEngine("dolphinscheduler")],
      operators: [countingOperator()],
    });
    manager = createManager({ tidegate, authorize: { token: "a-token-of-the-tests" }, logger: false });
    folder = mkdtempSync(join(tmpdir(), "tidegate-coverage-"));
    const managerFile = join(folder, "manager.json");
    writeFileSync(
      managerFile,
      JSON.stringify({ url: await manager.listen(), token: "a-token-of-the-tests" }),
    );
    const startTime = Date.now() - 86_400_000;
    await tidegate.client.registerSource({ groupId: "deliveries", startTime });
    const name = new NameSpace(prefix).nameOf("waiting");
    const task = coverageTask({
      groupId: "deliveries",
      lower: "yyyyMMddHHmmss-1/24",
      managerFile,
      askSeconds: 60,
    });
    const code = await api.createWorkflow(name, { ...task, code: await api.newTaskCode(), version: 1 });
    await api.release(code, name, "ONLINE");
    await instances.start(code);
    const states = async () => (await instances.of(name)).map(({ state }) => state);
    await until(async () => (await states())[0] === "RUNNING_EXECUTION", { what: "the instance" });
    await tidegate.client.reportCoverage("deliveries", { lower: startTime, upper: Date.now() + 86_400_000 });
    await until(async () => (await states())[0] === "SUCCESS", { what: "its success" });
    // A worker writes a task's lines now and then, also after its end.
    const said = () => /The group covers \[(\d\S+), (\d\S+)\)/.exec(dolphin.output()) ?? [];
    await until(async () => said().length > 0, { what: "the task's log" });
    const [, lower = "", upper = ""] = said();
    expect(Date.parse(upper) - Date.parse(lower)).toBe(3_600_000);
  });
});

describe("a DolphinScheduler that was killed", () => {
  it("goes on when it is back; and the secret is nowhere in what it has kept", async () => {
    await open();
    await bed!.register("orders");
    await bed!.untilRan("orders", 2);
    await dolphin.kill();
    const database = await dolphin.dump();
    const output = dolphin.output();
    expect(database).toContain(new NameSpace(prefix).nameOf("orders"));
    expect(output).toContain("The door has taken the fire");
    for (const key of [SECRET, SECRET.slice(6), Buffer.from(SECRET).toString("base64url").slice(4, -4)]) {
      expect(database.includes(key)).toBe(false);
      expect(output.includes(key)).toBe(false);
    }
    await dolphin.startAgain();
    await bed!.untilRan("orders", 4);
    expect(await listed(bed!.engine)).toEqual([{ groupId: "orders", version: 1 }]);
    expect(await bed!.client.audit("orders")).toMatchObject({ gaps: [], overlaps: [], isSound: true });
  });
});

/** An operator whose jobs end as a test says. */
function endingIn(wait: ScheduleOperator["wait"]): ScheduleOperator {
  return {
    ...countingOperator(),
    submit: async ({ idempotencyKey }) => ({ jobId: idempotencyKey }),
    find: async () => undefined,
    wait,
  };
}
