import { afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { scheduleOf, specOf } from "@tidegate/test-outside";
import { type AirflowServer, freePort, TcpProxy } from "@tidegate/test-servers";
import { until } from "@tidegate/testkit";
import { AirflowEngine, type AirflowEngineOptions } from "../../src/index.js";
import { connectionIdOf, INSTALLATIONS_KEY } from "../../src/names.js";
import type { AirflowApi } from "../../src/rest/airflow-api.js";
import type { AirflowRest } from "../../src/rest/airflow-rest.js";
import { shardKeyOf } from "../../src/shard.js";
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
import { taskStatesOf } from "../support/dag-runs.js";

/**
 * Tests the engine when Airflow, the manager, or the network fails, or someone changes what the engine has
 * written.
 *
 * @param started - returns a server with the factory file in place
 */
export function faults(started: () => AirflowServer): void {
  describe("faults", () => {
    const EVERY_TWO_SECONDS = { type: "period", every: 2, unit: "second" } as const;

    let airflow: AirflowServer;
    let api: AirflowApi;
    let rest: AirflowRest;
    let prefix: string;
    let bed: Bed | undefined;
    let count = 0;

    beforeAll(() => {
      airflow = started();
      api = apiOf(airflow);
      rest = restOf(airflow);
    });

    beforeEach(() => {
      count += 1;
      prefix = `faults-${count}`;
    });

    afterEach(async () => {
      await bed?.close();
      bed = undefined;
      await clearAway(airflow, prefix);
    });

    /** Every fault ends alike: all that was due has run once, in order, with no gap. */
    async function expectSound({ client, counted }: Bed, groupId: string): Promise<void> {
      expect(await client.audit(groupId)).toMatchObject({ gaps: [], overlaps: [], isSound: true });
      const lowers = counted.intervalsOf(groupId).map(({ lower }) => lower);
      expect(new Set(lowers).size).toBe(lowers.length);
    }

    describe("the reconciler", () => {
      const deleteConnection = () => rest.request("DELETE", `/connections/${connectionIdOf(prefix)}`);
      const forget = (dagId: string) => shardsOf(airflow, prefix).change(new Map([[dagId, null]]));
      const write = (key: string, value: string) => api.putVariables([{ key, value, description: "" }]);
      const overwrite = (dagId: string, value: string) => write(shardKeyOf(dagId), value);
      const edit = async (dagId: string) => {
        const shards = shardsOf(airflow, prefix);
        const entry = (await shards.read([dagId])).get(dagId)!;
        const text = Buffer.from(entry, "base64").toString();
        const edited = text.replace(/"crons":\[[^\]]*\]/, '"crons":["0 0 1 1 *"]');
        expect(edited).not.toBe(text);
        await shards.change(new Map([[dagId, Buffer.from(edited).toString("base64")]]));
      };

      it.each<[string, (dagId: string) => Promise<unknown>]>([
        ["is paused", (dagId) => api.setPaused(dagId, true)],
        ["is deleted", (dagId) => api.deleteDag(dagId, 20_000)],
        ["is gone from its shard", forget],
        ["has lost its shard", (dagId) => deleteVariable(rest, shardKeyOf(dagId))],
        ["has had its shard made no JSON", (dagId) => overwrite(dagId, "{not JSON")],
        ["has had its shard made another JSON", (dagId) => overwrite(dagId, '["a list"]')],
        ["has had its definition edited", edit],
        ["has lost its Connection", deleteConnection],
        ["has lost the list of installations", () => deleteVariable(rest, INSTALLATIONS_KEY)],
        ["has had the list of installations made no JSON", () => write(INSTALLATIONS_KEY, "[not JSON")],
        ["has had the list of installations made another JSON", () => write(INSTALLATIONS_KEY, '{"a":[1]}')],
        [
          "is gone with all that it was made of",
          async (dagId) => {
            await Promise.all([forget(dagId), deleteConnection()]);
            await api.deleteDag(dagId, 20_000);
          },
        ],
      ])("mends a DAG that %s", async (_what, tamper) => {
        bed = await Bed.open(airflow, prefix);
        const { client, engine } = bed;
        await bed.register("orders");
        await bed.untilRan("orders", 1);
        const isMended = async () => {
          await tamper(bed!.dagOf("orders"));
          return (await bed!.reconcile()).length > 0;
        };
        // Airflow brings a deleted DAG back by itself where it parses just then: so it is done again.
        await until(isMended, { what: "the repair" });
        expect(await listed(engine)).toEqual([{ groupId: "orders", version: 1 }]);
        expect(await client.get("orders")).toMatchObject({ status: "REGISTERED", statusReason: null });
        await bed.untilRan("orders", 3);
        await expectSound(bed, "orders");
      });
    });

    describe("a manager that is down", () => {
      it("while Airflow fires is knocked at again, and its ledger catches up: no gap, each interval once", async () => {
        bed = await Bed.open(airflow, prefix);
        const { counted } = bed;
        await bed.register("orders");
        await bed.untilRan("orders", 1);
        await bed.closeDoor();
        const dag = bed.dagOf("orders");
        const isRepeated = async () => (await taskStatesOf(rest, dag)).includes("up_for_retry");
        await until(isRepeated, { what: "a task that is to be retried" });
        const missed = counted.countOf("orders");
        await bed.openDoor();
        await bed.untilRan("orders", 5);
        const isOver = async () => !(await taskStatesOf(rest, dag)).some((state) => state === "up_for_retry");
        await until(isOver, { what: "the retry" });
        expect(await taskStatesOf(rest, dag)).not.toContain("failed");
        expect(counted.countOf("orders")).toBeGreaterThan(missed);
        await expectSound(bed, "orders");
      });
    });

    describe("an Airflow that is away", () => {
      it("at registration is told, and the reconciler registers when it is back", async () => {
        const proxy = await TcpProxy.start(Number(new URL(airflow.url).port));
        bed = await Bed.open(airflow, prefix, {
          reconcileEveryMs: 1_000,
          engine: { url: `http://127.0.0.1:${proxy.port}` },
        });
        proxy.sever();
        const schedule = await bed.register("orders");
        expect(schedule).toMatchObject({ status: "FAILED" });
        expect(schedule.statusReason).toContain("cannot be reached");
        proxy.mend();
        const { client } = bed;
        const status = async () => (await client.get("orders")).status;
        await until(async () => (await status()) === "REGISTERED", { what: "the registration" });
        await bed.untilRan("orders", 2);
        await expectSound(bed, "orders");
        await proxy.dispose();
      });

      it("is told by what is wrong, without the password", async () => {
        const port = await freePort();
        const options = optionsFor(airflow, "http://127.0.0.1:9/", prefix);
        const schedule = scheduleOf("orders", specOf({ trigger: EVERY_TWO_SECONDS }));
        const closed = new AirflowEngine({ ...options, url: `http://127.0.0.1:${port}` });
        const failed = { code: "ENGINE_FAILED", message: expect.stringContaining("ECONNREFUSED") };
        await expect(closed.handleRegister([schedule])).rejects.toMatchObject(failed);
        const {
          username: _u,
          password: _p,
          ...rest
        } = options as Extract<AirflowEngineOptions, { username: string }>;
        const wrong = { ...rest, username: "admin", password: "not-the-password" };
        const refused = await new AirflowEngine(wrong)
          .handleRegister([schedule])
          .catch((error: Error) => error.message);
        expect(refused).toContain("401");
        expect(refused).not.toContain("not-the-password");
        const stale = new AirflowEngine({ ...rest, token: "a.stale.token" });
        await expect(stale.handleRegister([schedule])).rejects.toMatchObject({ code: "ENGINE_FAILED" });
      });
    });

    describe("a token", () => {
      it("that has expired is replaced", async () => {
        const engine = new AirflowEngine(optionsFor(airflow, "http://127.0.0.1:9/", prefix));
        expect(await listed(engine)).toEqual([]);
        const { url, username, password } = airflow;
        // Later than the engine's, so that where this one has expired that one has.
        const response = await fetch(`${url}/auth/token`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ username, password }),
        });
        const { access_token: token } = (await response.json()) as { access_token: string };
        const isExpired = async () => {
          const { status } = await fetch(`${url}/api/v2/variables`, {
            headers: { authorization: `Bearer ${token}` },
          });
          return status === 401;
        };
        expect(await isExpired()).toBe(false);
        await until(isExpired, { what: "the token to expire" });
        expect(await listed(engine)).toEqual([]);
        await engine.handleRegister([scheduleOf("orders", specOf({ trigger: EVERY_TWO_SECONDS }))]);
        expect(await listed(engine)).toEqual([{ groupId: "orders", version: 1 }]);
      });
    });
  });
}
