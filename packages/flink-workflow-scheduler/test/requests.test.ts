import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { createTidegate, type Schedule, type Tidegate } from "@tidegate/core";
import { MemoryStore } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { createFlinkOperator } from "@tidegate/operator-flink";
import Fastify, { type FastifyInstance } from "fastify";
import { createWorkflowScheduler, type WorkflowSchedulerOptions } from "../src/index.js";

const PATH = "/v3/workflow/embedded-scheduler";

/** As Flink's client sends it. */
const DAILY = {
  materializedTableIdentifier: "`shop`.`sales`.`daily`",
  cronExpression: "0 0 0 * * ? *",
  initConfig: {},
  executionConfig: {},
  restEndpointUrl: "http://127.0.0.1:8090",
};

let tidegate: Tidegate;
let server: FastifyInstance;

beforeEach(async () => {
  tidegate = createTidegate({
    store: new MemoryStore(),
    engines: [embeddedEngine()],
    // Nothing is due before midnight; what a refresh does is tried with a real Flink.
    operators: [createFlinkOperator({ url: "http://127.0.0.1:1", gatewayUrl: "http://127.0.0.1:1" })],
  });
  await tidegate.start();
  await serve({});
});

afterEach(async () => {
  await server.close();
  await tidegate.stop();
});

describe("CREATE MATERIALIZED TABLE", () => {
  it("registers a schedule with Flink's cron, and answers its name", async () => {
    const { status, body } = await post("create", DAILY);
    expect({ status, body }).toEqual({
      status: 200,
      body: { workflowName: "flink:shop.sales.daily", workflowGroup: "tidegate" },
    });
    expect((await daily()).spec).toMatchObject({
      trigger: { type: "cron", expression: "0 0 0 * * ? *", flavour: "quartz" },
      timezone: "UTC",
      operator: "flink",
      catchup: "each",
      overlap: "queue",
      onFailure: "continue",
      job: {
        materializedTable: {
          identifier: "`shop`.`sales`.`daily`",
          freshness: "1 DAY",
          timezone: "UTC",
        },
      },
    });
  });

  it("takes over the session's configuration, and its zone as the schedule's", async () => {
    await post("create", {
      ...DAILY,
      initConfig: {
        "table.local-time-zone": "Asia/Shanghai",
        "execution.runtime-mode": "streaming",
        "my.option": "x",
      },
      executionConfig: { "parallelism.default": "2" },
    });
    const { timezone, job } = (await daily()).spec;
    expect(timezone).toBe("Asia/Shanghai");
    expect(job).toMatchObject({
      materializedTable: {
        timezone: "Asia/Shanghai",
        sessionConfiguration: { "my.option": "x" },
        flinkConfiguration: { "parallelism.default": "2" },
      },
    });
  });

  it("takes the policies and the zone that it was given", async () => {
    await server.close();
    await serve({
      timezone: "Europe/Berlin",
      policies: { catchup: "drop", maxAttempts: 7, delayMs: 60_000 },
    });
    await post("create", { ...DAILY, initConfig: { "table.local-time-zone": "default" } });
    expect((await daily()).spec).toMatchObject({
      timezone: "Europe/Berlin",
      catchup: "drop",
      maxAttempts: 7,
      delayMs: 60_000,
    });
  });

  it("answers the same once more, and leaves the schedule alone", async () => {
    const first = await post("create", DAILY);
    expect(await post("create", DAILY)).toEqual(first);
    expect((await daily()).version).toBe(1);
  });

  it("is refused where the table has another schedule, in the shape that Flink's client reads", async () => {
    await post("create", DAILY);
    expect(await post("create", { ...DAILY, cronExpression: "0 0 0/1 * * ? *" })).toEqual({
      status: 409,
      body: {
        errors: [
          "Materialized table `shop`.`sales`.`daily` has a schedule already, with another definition; " +
            "unregister flink:shop.sales.daily first. (SCHEDULE_EXISTS)",
        ],
      },
    });
  });

  it("goes on with a table that was suspended and lost by Flink's catalog", async () => {
    await post("create", DAILY);
    await tidegate.client.pause("flink:shop.sales.daily");
    expect((await post("create", DAILY)).status).toBe(200);
    expect((await daily()).status).toBe("REGISTERED");
  });

  it("keeps tables with hostile names apart", async () => {
    const names = [
      "`a.b`.`c`.`d`",
      "`a`.`b.c`.`d`",
      "`a`.`b`.`'; DROP TABLE x; --`",
      '`a`.`b`.`"``{{upper.date}}`',
    ];
    const answers = await Promise.all(
      names.map((materializedTableIdentifier) => post("create", { ...DAILY, materializedTableIdentifier })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const { items } = await tidegate.client.list();
    expect(new Set(items.map(({ spec }) => tableIn(spec.job)))).toEqual(new Set(names));
  });

  it.each([
    ["a body that is none", undefined, 400],
    ["no identifier", { ...DAILY, materializedTableIdentifier: undefined }, 400],
    ["an identifier of two parts", { ...DAILY, materializedTableIdentifier: "`a`.`b`" }, 400],
    [
      "a table that Flink's own refresh does not find",
      { ...DAILY, materializedTableIdentifier: "`a`.`b`.`c/d`" },
      400,
    ],
    ["a cron that is none", { ...DAILY, cronExpression: "0 0 0 * * * *" }, 400],
    ["a zone that is none", { ...DAILY, initConfig: { "table.local-time-zone": "Mars/Olympus" } }, 400],
    ["settings that are no text", { ...DAILY, initConfig: { "my.option": 1 } }, 400],
  ])("refuses %s with a reason and nothing else", async (_name, body, status) => {
    const answer = await post("create", body);
    expect(answer).toEqual({ status, body: { errors: [expect.stringMatching(/\S/)] } });
    expect((await tidegate.client.list()).items).toEqual([]);
  });
});

describe("ALTER MATERIALIZED TABLE", () => {
  beforeEach(() => post("create", DAILY));

  it("SUSPEND pauses, however often", async () => {
    for (const _time of [1, 2]) {
      expect(await post("suspend", named("flink:shop.sales.daily"))).toEqual({ status: 200, body: {} });
    }
    expect(await daily()).toMatchObject({ status: "PAUSED", statusReason: "Suspended in Flink." });
  });

  it("RESUME goes on, with other options where it is given some", async () => {
    await post("suspend", named("flink:shop.sales.daily"));
    const resume = { ...named("flink:shop.sales.daily"), dynamicOptions: { "sink.parallelism": "2" } };
    expect(await post("resume", resume)).toEqual({ status: 200, body: {} });
    expect(await daily()).toMatchObject({
      status: "REGISTERED",
      spec: { job: { materializedTable: { dynamicOptions: { "sink.parallelism": "2" } } } },
    });
    expect(await post("resume", named("flink:shop.sales.daily"))).toEqual({ status: 200, body: {} });
    expect(tableOptions(await daily())).toEqual({ "sink.parallelism": "2" });
    // Still the same table, as far as its definition goes.
    expect((await post("create", DAILY)).status).toBe(200);
  });

  it.each(["suspend", "resume"])("%s of what is not there is refused", async (verb) => {
    expect(await post(verb, named("flink:shop.sales.none"))).toEqual({
      status: 404,
      body: {
        errors: [
          `Failed to ${verb} a non-existent workflow: tidegate.flink:shop.sales.none. (SCHEDULE_NOT_FOUND)`,
        ],
      },
    });
  });
});

describe("DROP MATERIALIZED TABLE", () => {
  it("ends the schedule; a table that is created anew begins again", async () => {
    await post("create", DAILY);
    expect(await drop("flink:shop.sales.daily")).toEqual({ status: 200, body: {} });
    expect((await daily()).status).toBe("DELETED");
    expect(await drop("flink:shop.sales.daily")).toEqual({ status: 200, body: {} });
    expect((await post("suspend", named("flink:shop.sales.daily"))).status).toBe(404);
    expect((await post("create", { ...DAILY, cronExpression: "0 0 0/1 * * ? *" })).status).toBe(200);
    expect(await daily()).toMatchObject({
      status: "REGISTERED",
      spec: { trigger: { expression: "0 0 0/1 * * ? *" } },
    });
  });

  it("is nothing for a table that has none, as in Flink", async () => {
    expect(await drop("flink:shop.sales.none")).toEqual({ status: 200, body: {} });
  });
});

describe("what Flink may not do", () => {
  it("touches no schedule that is not a table's", async () => {
    const job = { sql: { statement: "INSERT OVERWRITE t SELECT 1" } };
    for (const groupId of ["orders", "flink:shop.sales.daily"]) {
      await tidegate.client.register({ groupId, trigger: { type: "period", every: 1, unit: "day" }, job });
      expect((await post("suspend", named(groupId))).status).toBe(404);
      expect((await drop(groupId)).status).toBe(200);
      expect((await tidegate.client.get(groupId)).status).toBe("REGISTERED");
    }
    expect((await post("create", DAILY)).status).toBe(409);
  });

  it("is called from elsewhere only by who may, whatever headers say", async () => {
    const from = async (remoteAddress: string): Promise<number> => {
      const headers = { "x-forwarded-for": "127.0.0.1" };
      const url = `${PATH}/create`;
      return (await server.inject({ method: "POST", url, payload: DAILY, remoteAddress, headers }))
        .statusCode;
    };
    expect(await from("10.1.2.3")).toBe(403);
    expect(await from("::ffff:10.1.2.3")).toBe(403);
    expect(await from("::ffff:127.0.0.1")).toBe(200);
    expect(await from("::1")).toBe(200);
    await server.close();
    await serve({ allow: ["10.1.0.0/16", "fd00::7"] });
    expect(await from("10.1.2.3")).toBe(200);
    expect(await from("::ffff:10.1.2.3")).toBe(200);
    expect(await from("fd00::7")).toBe(200);
    expect(await from("10.2.2.3")).toBe(403);
    expect(await from("127.0.0.1")).toBe(403);
  });

  it.each(["gateway.example", "10.1.0.0/33", "10.1.0.0/", "::1/x", "10.1.0.0/8/8", ""])(
    "is not opened by %j, which is no address",
    (entry) => {
      expect(() => createWorkflowScheduler({ tidegate, allow: ["::1", entry] })).toThrow(
        expect.objectContaining({ code: "CONFIGURATION_INVALID", field: "allow.1" }),
      );
    },
  );
});

async function serve(options: Partial<WorkflowSchedulerOptions>): Promise<void> {
  server = Fastify();
  await server.register(createWorkflowScheduler({ tidegate, ...options }).plugin);
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function post(verb: string, payload: object | undefined): Promise<Answer> {
  const sent = payload === undefined ? {} : { payload };
  const answer = await server.inject({ method: "POST", url: `${PATH}/${verb}`, ...sent });
  return { status: answer.statusCode, body: answer.json() };
}

async function drop(workflowName: string): Promise<Answer> {
  const answer = await server.inject({
    method: "DELETE",
    url: `${PATH}/delete`,
    payload: named(workflowName),
  });
  return { status: answer.statusCode, body: answer.json() };
}

function named(workflowName: string) {
  return { workflowName, workflowGroup: "tidegate" };
}

function daily(): Promise<Schedule> {
  return tidegate.client.get("flink:shop.sales.daily");
}

function tableIn(job: unknown): string {
  return (job as { materializedTable: { identifier: string } }).materializedTable.identifier;
}

function tableOptions({ spec }: Schedule): unknown {
  return (spec.job as { materializedTable: { dynamicOptions?: unknown } }).materializedTable.dynamicOptions;
}
