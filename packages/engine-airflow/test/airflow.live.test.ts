import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { AirflowServer } from "@tidegate/test-servers";
import { until } from "@tidegate/testkit";
import { AirflowEngine, type AirflowEngineOptions, dagFactoryFile } from "../src/index.js";
import { connectionIdOf, keyOf, keyPrefix } from "../src/names.js";
import type { AirflowApi } from "../src/rest/airflow-api.js";
import { apiOf, listed, optionsFor, restOf, SECRET, startAirflow } from "./support/airflow.js";
import { Bed } from "./support/bed.js";
import { Door } from "./support/door.js";
import { scheduleOf, specOf } from "./support/schedules.js";

const EVERY_TWO_SECONDS = { type: "period", every: 2, unit: "second" } as const;

jest.setTimeout(90_000);

let airflow: AirflowServer;
let api: AirflowApi;
let door: Door;
let prefix: string;
let options: AirflowEngineOptions;
let engine: AirflowEngine;
let count = 0;

beforeAll(async () => {
  airflow = await startAirflow();
  api = apiOf(airflow);
}, 900_000);

afterAll(() => airflow.dispose());

beforeEach(async () => {
  count += 1;
  prefix = `airflow-${count}`;
  door = await Door.open();
  options = optionsFor(airflow, door.url, prefix);
  engine = new AirflowEngine(options);
});

afterEach(async () => {
  await door.close();
  const keys = [...(await api.variableKeys(keyPrefix(prefix)))];
  await api.deleteVariables(keys);
  for (const key of keys) await api.setPaused(key, true);
});

describe("a schedule in Airflow", () => {
  it("is a Variable and an active DAG, changes with it, and leaves nothing behind", async () => {
    const bed = await Bed.open(airflow, prefix);
    const { client } = bed;
    const key = keyOf(prefix, "orders");
    const state = async () => ({
      hasVariable: (await api.variableKeys(keyPrefix(prefix))).has(key),
      dag: await api.dag(key),
    });

    expect(await bed.register("orders")).toMatchObject({ status: "REGISTERED" });
    const dag = { dag_display_name: "orders", is_paused: false };
    expect(await state()).toMatchObject({ hasVariable: true, dag });
    await bed.untilRan("orders", 2);

    const { spec } = await client.get("orders");
    const hourly = { type: "cron", expression: "7 * * * *" } as const;
    await client.update({ groupId: "orders", trigger: hourly, startTime: spec.startTime }, { version: 1 });
    expect(await listed(bed.engine)).toEqual([{ groupId: "orders", version: 2 }]);
    const { body } = await restOf(airflow).request("GET", `/dags/${key}`);
    expect(body).toMatchObject({ timetable_summary: "7 * * * *" });

    await client.pause("orders");
    expect(await state()).toEqual({ hasVariable: false, dag: undefined });
    await client.resume("orders");
    expect(await state()).toMatchObject({ hasVariable: true, dag });
    await client.unregister("orders");
    expect(await state()).toEqual({ hasVariable: false, dag: undefined });
    await bed.close();
  });

  it("posts its scheduled time, and leaves the boundaries to the ledger", async () => {
    const startTime = Math.floor(Date.now() / 2_000) * 2_000;
    await engine.handleRegister([scheduleOf("orders", specOf({ trigger: EVERY_TWO_SECONDS, startTime }))]);
    await until(() => door.fires.length >= 3, { what: "three fires" });
    for (const { body } of door.knocks) {
      const { groupId, scheduledTime, ...rest } = JSON.parse(body);
      expect({ groupId, rest }).toEqual({ groupId: "orders", rest: {} });
      expect((scheduledTime - startTime) % 2_000).toBe(0);
    }
  });

  it("waits for its delay without a worker", async () => {
    const spec = specOf({ trigger: { type: "cron", expression: "* * * * * *" }, delayMs: 4_000 });
    await engine.handleRegister([scheduleOf("orders", spec)]);
    await until(() => door.fires.length >= 1, { what: "a fire" });
    expect(Date.now() - door.fires[0]!.scheduledTime).toBeGreaterThanOrEqual(4_000);
  });
});

describe("group ids", () => {
  const NASTY = [
    "'",
    '"',
    '"json"',
    `it's "both"`,
    "line\nbreak\r\n\ttab",
    "{{ conn.get('x').password }}",
    "{% raise %}",
    "$HOME $(id) `id`",
    "%(key)s %s %d",
    "../../../etc/passwd",
    "C:\\temp\\dag",
    "a/b?c=d#e&f",
    "'; DROP TABLE dag; --",
    "''' + __import__('os').system('id') + '''",
    "<script>alert(1)</script>",
    "数据-é-🌊",
    "\u0000\u0007\u001b[31m",
    "\ud800",
    "\u202egnirts",
    " ",
    ".",
    "token-secret-password-api_key",
    "factory",
    "UPPER",
    "upper",
    "a".repeat(200),
    "数".repeat(200),
  ];

  it("reach Airflow as data, whatever is in them, and come back as they were", async () => {
    // One interval that is over: each fires once, at once, and a little behind its end.
    const startTime = Math.floor(Date.now() / 60_000) * 60_000 - 60_000;
    const spec = specOf({ trigger: { type: "period", every: 1, unit: "minute" }, startTime });
    await engine.handleRegister(NASTY.map((groupId) => scheduleOf(groupId, spec)));
    const ids = (await listed(engine)).map(({ groupId }) => groupId);
    expect(ids).toEqual([...NASTY].sort((a, b) => (a < b ? -1 : 1)));
    const fired = () => new Set(door.fires.map(({ groupId }) => groupId));
    await until(() => fired().size >= NASTY.length, { what: "a fire of each" });
    expect(fired()).toEqual(new Set(NASTY));
    for (const groupId of NASTY) expect(keyOf(prefix, groupId)).toMatch(/^tidegate\.[\w.-]{1,200}$/);
    await engine.handleUnregister(NASTY);
    expect(await listed(engine)).toEqual([]);
  });
});

describe("the secret and the door's address", () => {
  it("are in the Connection and nowhere else", async () => {
    // The first knock fails, so that there is a failed attempt with its log as well.
    let refused = 0;
    door.answer = () => {
      refused += 1;
      if (refused > 6) door.answer = undefined;
      return { status: 503, body: {} };
    };
    await engine.handleRegister([scheduleOf("orders", specOf({ trigger: EVERY_TWO_SECONDS }))]);
    await until(() => door.fires.length >= 2, { what: "fires behind the failures" });
    const key = keyOf(prefix, "orders");
    const home = dirname(airflow.logsFolder);
    const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const contents = files.map((file) => ({
      name: file.name,
      text: readFileSync(join(file.parentPath, file.name), "latin1"),
    }));
    expect(contents.some(({ text }) => text.includes("The callback door answered 503"))).toBe(true);
    const withSecret = contents.filter(({ text }) => text.includes(SECRET.slice(6)));
    expect(withSecret.map(({ name }) => name)).toEqual([]);
    const withUrl = contents.filter(({ text }) => text.includes(door.url));
    expect(withUrl.map(({ name }) => name)).toEqual([]);
    const database = await airflow.dump();
    expect(database.includes(keyOf(prefix, "orders"))).toBe(true);
    expect(database.includes(SECRET.slice(6))).toBe(false);
    expect(database.includes(door.url)).toBe(false);

    const rest = restOf(airflow);
    const told = await Promise.all(
      [
        `/variables/${key}`,
        `/dags/${key}`,
        `/dags/${key}/details`,
        `/dagSources/${key}`,
        `/dags/${key}/dagRuns`,
        `/dags/${key}/dagRuns/~/taskInstances`,
        `/connections/${connectionIdOf(prefix)}`,
        "/eventLogs?limit=100&order_by=-id",
      ].map((path) => rest.request("GET", path)),
    );
    const texts = told.map(({ body }) => JSON.stringify(body));
    expect(texts.filter((text) => text.includes(SECRET.slice(6)))).toEqual([]);
    expect(texts.filter((text) => text.includes(door.url))).toEqual([]);
  });
});

describe("a door", () => {
  it("that has put an interval off has the fire, which need not be repeated", async () => {
    const headers = { "retry-after": "10" };
    door.answer = () => ({ status: 503, headers, body: { error: { code: "INTERVAL_DEFERRED" } } });
    const spec = specOf({ trigger: { type: "once", at: Date.now() + 3_000 } });
    await engine.handleRegister([scheduleOf("orders", spec)]);
    const runs = `/dags/${keyOf(prefix, "orders")}/dagRuns`;
    const isGreen = async () => {
      const { body } = await restOf(airflow).request<{ dag_runs: { state: string }[] }>("GET", runs);
      return body.dag_runs[0]?.state === "success";
    };
    await until(isGreen, { what: "the DAG run to be green" });
    expect(door.knocks).toHaveLength(1);
  });

  it("that is away is knocked at again, with a fresh signature, until it is back", async () => {
    let refusals = 0;
    door.answer = () => {
      refusals += 1;
      if (refusals >= 5) door.answer = undefined;
      return { status: refusals % 2 === 0 ? 503 : 425, body: {} };
    };
    const spec = specOf({ trigger: { type: "once", at: Date.now() + 3_000 } });
    await engine.handleRegister([scheduleOf("orders", spec)]);
    await until(() => door.fires.length >= 1, { what: "the fire" });
    const ids = new Set(door.knocks.map(({ headers }) => headers["webhook-id"]?.[0]));
    const signatures = new Set(door.knocks.map(({ headers }) => headers["webhook-signature"]?.[0]));
    expect(door.knocks.length).toBeGreaterThanOrEqual(6);
    expect(ids.size).toBe(1);
    expect(signatures.size).toBeGreaterThan(1);
  });

  it.each([
    ["SUCCEEDED", "success"],
    ["FAILED", "failed"],
    ["SKIPPED", "skipped"],
  ])("gives the task in Airflow the colour of a run that ends %s", async (state, colour) => {
    engine = new AirflowEngine({ ...options, wait: true });
    const key = keyOf(prefix, "orders");
    door.answer = () => ({
      status: 202,
      body: { runId: "1", statusUrl: "/runs/1?k=v", duplicate: false },
    });
    const seen = new Set<string | null>();
    const asked: string[] = [];
    door.status = (path) => {
      asked.push(path);
      return { state: asked.length > 2 ? state : "RUNNING", isEnded: asked.length > 2 };
    };
    const spec = specOf({ trigger: { type: "once", at: Date.now() + 3_000 } });
    await engine.handleRegister([scheduleOf("orders", spec)]);
    await until(
      async () => {
        const path = `/dags/${key}/dagRuns/~/taskInstances`;
        const { body } = await restOf(airflow).request<{ task_instances: { state: string | null }[] }>(
          "GET",
          path,
        );
        const current = body.task_instances[0]?.state ?? null;
        seen.add(current);
        return current === colour;
      },
      { what: `the task to be ${colour}` },
    );
    expect(seen).toContain("deferred");
    expect(asked[0]).toBe("/runs/1?k=v&waitMs=2000");
    expect(asked.length).toBeGreaterThanOrEqual(3);
    // Airflow may take a task that comes back at once for a lost one, and repeat it: the door is told by the id.
    expect(new Set(door.knocks.map(({ headers }) => headers["webhook-id"]?.[0])).size).toBe(1);
  });
});

describe("what Airflow cannot build", () => {
  const schedule = () => scheduleOf("orders", specOf({ trigger: EVERY_TWO_SECONDS }));

  it("holds up no other schedule", async () => {
    const broken = keyOf(prefix, "broken");
    const hash = createHash("sha256").update('{"groupId":"broken"}').digest("hex").slice(0, 12);
    await api.putVariables([{ key: broken, value: `{"stamp":"v1.${hash}","groupId":"broken"}` }]);
    await engine.handleRegister([schedule()]);
    expect(await api.dag(broken)).toMatchObject({ description: "KeyError: 'crons'" });
    expect(await listed(engine)).toEqual([{ groupId: "orders", version: 1 }]);
  });

  it("is told in Airflow's words when the factory file does not import", async () => {
    const file = join(airflow.dagsFolder, basename(dagFactoryFile));
    const text = readFileSync(file, "utf8");
    try {
      writeFileSync(file, `${text}\nraise RuntimeError("broken on purpose")\n`);
      await expect(engine.handleRegister([schedule()])).rejects.toMatchObject({
        code: "ENGINE_FAILED",
        message: expect.stringContaining("broken on purpose"),
      });
    } finally {
      writeFileSync(file, text);
    }
    const isRegistered = () =>
      engine.handleRegister([schedule()]).then(
        () => true,
        () => false,
      );
    await until(isRegistered, { what: "the registration with the mended file" });
  });
});
