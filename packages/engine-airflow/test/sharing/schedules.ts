import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { NameSpace } from "@tidegate/engine-kit";
import { Door, SECRET, scheduleOf, specOf } from "@tidegate/test-outside";
import type { AirflowServer } from "@tidegate/test-servers";
import { until } from "@tidegate/testkit";
import { AirflowEngine, type AirflowEngineOptions, dagFactoryFile } from "../../src/index.js";
import { connectionIdOf, FACTORY_DAG_ID } from "../../src/names.js";
import type { AirflowApi } from "../../src/rest/airflow-api.js";
import { shardKeyOf, shardPrefix } from "../../src/shard.js";
import {
  apiOf,
  clearAway,
  deleteVariable,
  listed,
  optionsFor,
  restOf,
  shardsOf,
} from "../support/airflow.js";
import { Bed } from "../support/bed.js";

const HOUR = 3_600_000;
const EVERY_TWO_SECONDS = { type: "period", every: 2, unit: "second" } as const;

/** Returns the content of one of Airflow's files; empty if it was removed after it was listed, as temporary files are. */
function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, "latin1") : "";
}

/**
 * Tests schedules in Airflow: what they are made of, their fires, and what people see of them.
 *
 * @param started - returns a server with the factory file in place
 */
export function schedules(started: () => AirflowServer): void {
  describe("schedules", () => {
    let airflow: AirflowServer;
    let api: AirflowApi;
    let door: Door;
    let prefix: string;
    let options: AirflowEngineOptions;
    let engine: AirflowEngine;
    let count = 0;

    beforeAll(() => {
      airflow = started();
      api = apiOf(airflow);
    });

    beforeEach(async () => {
      count += 1;
      prefix = `airflow-${count}`;
      door = await Door.open("airflow");
      options = optionsFor(airflow, door.url, prefix);
      engine = new AirflowEngine(options);
    });

    afterEach(async () => {
      await door.close();
      await clearAway(airflow, prefix);
    });

    describe("a schedule in Airflow", () => {
      it("is an entry of a shard and an active DAG, changes with it, and leaves nothing behind", async () => {
        const bed = await Bed.open(airflow, prefix);
        const { client } = bed;
        const dagId = new NameSpace(prefix).nameOf("orders");
        const state = async () => ({
          hasEntry: (await shardsOf(airflow, prefix).read([dagId])).has(dagId),
          dag: await api.dag(dagId),
        });

        expect(await bed.register("orders")).toMatchObject({ status: "REGISTERED" });
        const dag = { dag_display_name: "orders", is_paused: false };
        expect(await state()).toMatchObject({ hasEntry: true, dag });
        // Each shard makes each parse longer, so there are no empty ones.
        expect([...(await api.variables(shardPrefix(prefix))).keys()]).toEqual([shardKeyOf(dagId)]);
        await bed.untilRan("orders", 2);

        const { spec } = await client.get("orders");
        const hourly = { type: "cron", expression: "7 * * * *" } as const;
        await client.update(
          { groupId: "orders", trigger: hourly, startTime: spec.startTime },
          { version: 1 },
        );
        expect(await listed(bed.engine)).toEqual([{ groupId: "orders", version: 2 }]);
        const { body } = await restOf(airflow).request("GET", `/dags/${dagId}`);
        expect(body).toMatchObject({ timetable_summary: "7 * * * *" });

        await client.pause("orders");
        expect(await state()).toEqual({ hasEntry: false, dag: undefined });
        await client.resume("orders");
        expect(await state()).toMatchObject({ hasEntry: true, dag });
        await client.unregister("orders");
        expect(await state()).toEqual({ hasEntry: false, dag: undefined });
        await bed.close();
      });

      it("posts its scheduled time, and leaves the boundaries to the ledger", async () => {
        const startTime = Math.floor(Date.now() / 2_000) * 2_000;
        await engine.handleRegister([
          scheduleOf("orders", specOf({ trigger: EVERY_TWO_SECONDS, startTime })),
        ]);
        await until(() => door.fires.length >= 3, { what: "three fires" });
        for (const { body } of door.knocks) {
          const { groupId, scheduledTime, ...rest } = JSON.parse(body);
          expect({ groupId, rest }).toEqual({ groupId: "orders", rest: {} });
          expect((scheduledTime - startTime) % 2_000).toBe(0);
        }
      });

      it("that has ended is fired all the same where intervals are owed", async () => {
        const trigger = { type: "period", every: 30, unit: "minute" } as const;
        const startTime = Math.floor(Date.now() / HOUR) * HOUR - 4 * HOUR;
        const endTime = startTime + HOUR;
        await engine.handleRegister([scheduleOf("orders", specOf({ trigger, startTime, endTime }))]);
        await until(() => door.fires.length >= 1, { what: "the fire" });
        expect(door.fires[0]).toMatchObject({ groupId: "orders", scheduledTime: endTime });
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
        // Each shard is read and written back, by REST, with all that is in it.
        const later = specOf({ trigger: EVERY_TWO_SECONDS, startTime: Date.now() + 3_600_000 });
        const others = Array.from({ length: 30 }, (_, n) => `other-${n}`);
        await engine.handleRegister(others.map((groupId) => scheduleOf(groupId, later)));
        await engine.handleUnregister(others);
        expect((await listed(engine)).map(({ groupId }) => groupId)).toEqual(ids);
        const fired = () => new Set(door.fires.map(({ groupId }) => groupId));
        await until(() => fired().size >= NASTY.length, { what: "a fire of each" });
        expect(fired()).toEqual(new Set(NASTY));
        for (const groupId of NASTY)
          expect(new NameSpace(prefix).nameOf(groupId)).toMatch(/^tidegate\.[\w.-]{1,200}$/);
        await engine.handleUnregister(NASTY);
        expect(await listed(engine)).toEqual([]);
      });

      it("stay as they are where they are also a password, which Airflow takes out of what it tells", async () => {
        const groupId = `orders-${prefix}`;
        const connection = { connection_id: "other", conn_type: "http", password: groupId };
        const key = `other-${prefix}`;
        const rest = restOf(airflow);
        await rest.request("POST", "/connections", { body: connection });
        await rest.request("GET", "/connections/other");
        await api.putVariables([{ key, value: `{"a":"${groupId}"}`, description: "" }]);
        expect(await api.variable(key)).toBe('{"a": "***"}');

        const spec = specOf({ trigger: EVERY_TWO_SECONDS });
        await engine.handleRegister([scheduleOf(groupId, spec)]);
        const dagId = new NameSpace(prefix).nameOf(groupId);
        const entry = (await shardsOf(airflow, prefix).read([dagId])).get(dagId);
        await shardsOf(airflow, prefix).change(new Map([[neighbourOf(groupId, "other"), "an entry"]]));
        expect((await shardsOf(airflow, prefix).read([dagId])).get(dagId)).toBe(entry);
        await until(() => door.fires.some((fire) => fire.groupId === groupId), { what: "a fire" });
        await deleteVariable(rest, key);
        await rest.request("DELETE", "/connections/other");
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
        const dagId = new NameSpace(prefix).nameOf("orders");
        const home = dirname(airflow.logsFolder);
        const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) =>
          entry.isFile(),
        );
        const contents = files.map((file) => ({
          name: file.name,
          text: textOf(join(file.parentPath, file.name)),
        }));
        expect(contents.some(({ text }) => text.includes("The callback door answered 503"))).toBe(true);
        const withSecret = contents.filter(({ text }) => text.includes(SECRET.slice(6)));
        expect(withSecret.map(({ name }) => name)).toEqual([]);
        const withUrl = contents.filter(({ text }) => text.includes(door.url));
        expect(withUrl.map(({ name }) => name)).toEqual([]);
        const database = await airflow.dump();
        expect(database.includes(new NameSpace(prefix).nameOf("orders"))).toBe(true);
        expect(database.includes(SECRET.slice(6))).toBe(false);
        expect(database.includes(door.url)).toBe(false);

        const rest = restOf(airflow);
        const told = await Promise.all(
          [
            `/variables/${shardKeyOf(dagId)}`,
            `/dags/${dagId}`,
            `/dags/${dagId}/details`,
            `/dagSources/${dagId}`,
            `/dags/${dagId}/dagRuns`,
            `/dags/${dagId}/dagRuns/~/taskInstances`,
            `/connections/${connectionIdOf(prefix)}`,
            "/eventLogs?limit=100&order_by=-id",
          ].map((path) => rest.request("GET", path)),
        );
        const entries = [...(await shardsOf(airflow, prefix).all()).values()];
        const definitions = entries.map((entry) => Buffer.from(entry, "base64").toString());
        expect(definitions).toEqual([expect.stringContaining('"groupId":"orders"')]);
        const texts = [...told.map(({ body }) => JSON.stringify(body)), ...definitions];
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
        const runs = `/dags/${new NameSpace(prefix).nameOf("orders")}/dagRuns`;
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
        const key = new NameSpace(prefix).nameOf("orders");
        door.answer = () => ({
          status: 202,
          body: { runId: "1", statusUrl: "/runs/1?k=v", duplicate: false },
        });
        const seen = new Set<string | null>();
        const asked: string[] = [];
        door.status = (path) => {
          asked.push(path);
          const isEnded = asked.length > 2 && seen.has("deferred");
          return { state: isEnded ? state : "RUNNING", isEnded };
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
        expect(asked[0]).toBe("/runs/1?k=v&waitMs=2000");
        expect(asked.length).toBeGreaterThanOrEqual(3);
        // Airflow may take a task that comes back at once for a lost one, and repeat it: the door is told by the id.
        expect(new Set(door.knocks.map(({ headers }) => headers["webhook-id"]?.[0])).size).toBe(1);
      });
    });

    describe("what Airflow cannot build", () => {
      const schedule = () => scheduleOf("orders", specOf({ trigger: EVERY_TWO_SECONDS }));

      it("holds up no other schedule of its shard", async () => {
        const key = shardKeyOf(new NameSpace(prefix).nameOf("orders"));
        const broken = neighbourOf("orders", "broken");
        const definition = `"dagId":${JSON.stringify(broken)},"groupId":"broken"}`;
        const hash = createHash("sha256").update(`{${definition}`).digest("hex").slice(0, 12);
        const entry = Buffer.from(`{"stamp":"v1.${hash}",${definition}`).toString("base64");
        await shardsOf(airflow, prefix).change(new Map([[broken, entry]]));
        await shardsOf(airflow, prefix).change(new Map([[neighbourOf("orders", "garbled"), "no base64!"]]));
        await engine.handleRegister([schedule()]);
        expect(await api.dag(broken)).toMatchObject({ description: "KeyError: 'crons'" });
        const told = expect.stringContaining("edited by hand, and cannot be read");
        expect(await api.dag(key)).toMatchObject({ description: told });
        expect(await listed(engine)).toEqual([{ groupId: "orders", version: 1 }]);
      });

      it("is told where a shard is no JSON, and mended by the next write", async () => {
        await engine.handleRegister([schedule()]);
        const key = shardKeyOf(new NameSpace(prefix).nameOf("orders"));
        await api.putVariables([{ key, value: "{no JSON", description: "" }]);
        await api.parse((await api.dag(FACTORY_DAG_ID))!);
        const isTold = async () => (await api.dag(key))?.description?.includes("edited by hand") === true;
        await until(isTold, { what: "the DAG that tells" });
        expect(await listed(engine)).toEqual([]);
        await engine.handleRegister([schedule()]);
        expect(await listed(engine)).toEqual([{ groupId: "orders", version: 1 }]);
      });

      it("is told in Airflow's words when the factory file does not import, of what was parsed before as well", async () => {
        const file = join(airflow.dagsFolder, basename(dagFactoryFile));
        const text = readFileSync(file, "utf8");
        const registered = schedule();
        await engine.handleRegister([registered]);
        const factory = (await api.dag(FACTORY_DAG_ID))!;
        try {
          writeFileSync(file, `${text}\nraise RuntimeError("broken on purpose")\n`);
          const isBroken = async () => {
            await api.parse(factory);
            return (await api.importFailures()).length > 0;
          };
          await until(isBroken, { what: "the import error" });
          const refused = {
            code: "ENGINE_FAILED",
            message: expect.stringContaining("broken on purpose"),
          };
          await expect(engine.handleRegister([registered])).rejects.toMatchObject(refused);
          await expect(engine.handleRegister([schedule()])).rejects.toMatchObject(refused);
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

    /** The id of a DAG in the same shard as that of a group. */
    function neighbourOf(groupId: string, like: string): string {
      const key = shardKeyOf(new NameSpace(prefix).nameOf(groupId));
      for (let n = 0; ; n += 1) {
        const dagId = new NameSpace(prefix).nameOf(`${like}-${n}`);
        if (shardKeyOf(dagId) === key) return dagId;
      }
    }
  });
}
