import { afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { SystemClock } from "@tidegate/core/clock";
import type { EngineSchedule } from "@tidegate/core/engine";
import { NameSpace } from "@tidegate/engine-kit";
import { scheduleOf, specOf } from "@tidegate/test-outside";
import type { AirflowServer } from "@tidegate/test-servers";
import { until } from "@tidegate/testkit";
import { definitionOf, entryOf } from "../../src/definition.js";
import { AirflowEngine, type AirflowEngineOptions } from "../../src/index.js";
import { FACTORY_DAG_ID, INSTALLATIONS_KEY } from "../../src/names.js";
import { settingsOf } from "../../src/options.js";
import { Registrar } from "../../src/registrar.js";
import { AirflowApi, type AirflowVariable } from "../../src/rest/airflow-api.js";
import { installationOf, SHARDS, shardKeyOf } from "../../src/shard.js";
import type { Shards } from "../../src/shards.js";
import {
  apiOf,
  clearAway,
  installationsOf,
  listed,
  optionsFor,
  restOf,
  shardsOf,
} from "../support/airflow.js";

/**
 * Tests the Variables of an installation when several processes write them.
 *
 * @param started - returns a server with the factory file in place
 */
export function sharedVariables(started: () => AirflowServer): void {
  describe("Variables that several processes write", () => {
    let airflow: AirflowServer;
    let prefix: string;
    let options: AirflowEngineOptions;
    let engine: AirflowEngine;
    let shards: Shards;
    let count = 0;

    beforeAll(() => {
      airflow = started();
    });

    beforeEach(() => {
      count += 1;
      prefix = `shards-${count}`;
      options = optionsFor(airflow, "http://127.0.0.1:9/", prefix);
      engine = new AirflowEngine(options);
      shards = shardsOf(airflow, prefix);
    });

    afterEach(() => clearAway(airflow, prefix));

    /** One that is due in a day. */
    function idle(groupId: string, version = 1): EngineSchedule {
      const startTime = Math.ceil(Date.now() / 86_400_000) * 86_400_000;
      const spec = specOf({ trigger: { type: "period", every: version, unit: "hour" }, startTime });
      return scheduleOf(groupId, spec, version);
    }

    /** An Airflow in which another process writes back, right after the first write of a Variable, what it had read before it. */
    class Contended extends AirflowApi {
      readonly #isMeant: (key: string) => boolean;
      #isOver = false;

      constructor(isMeant: (key: string) => boolean) {
        super(restOf(airflow), new SystemClock());
        this.#isMeant = isMeant;
      }

      override async putVariables(variables: readonly AirflowVariable[]): Promise<void> {
        const [first] = variables;
        if (first === undefined || this.#isOver || !this.#isMeant(first.key))
          return super.putVariables(variables);
        this.#isOver = true;
        const value = (await this.variable(first.key)) ?? "{}";
        await super.putVariables(variables);
        await super.putVariables([{ ...first, value }]);
      }
    }

    describe("an update that another process overwrites", () => {
      const isShard = (key: string) => key !== INSTALLATIONS_KEY;
      const contended = () => new Registrar(new Contended(isShard), settingsOf(options), new SystemClock());

      it("is written again, when it adds a schedule", async () => {
        await contended().register([idle("orders")]);
        expect(await listed(engine)).toEqual([{ groupId: "orders", version: 1 }]);
      });

      it("is written again, when it changes a schedule", async () => {
        await engine.handleRegister([idle("orders", 1)]);
        await contended().register([idle("orders", 2)]);
        expect(await listed(engine)).toEqual([{ groupId: "orders", version: 2 }]);
      });

      it("is written again, when it removes a schedule", async () => {
        await engine.handleRegister([idle("orders")]);
        await contended().unregister(["orders"]);
        expect(await shards.all()).toEqual(new Map());
        expect(await listed(engine)).toEqual([]);
      });

      it("is told by the list when that happens later", async () => {
        await engine.handleRegister([idle("orders")]);
        await shards.change(new Map([[new NameSpace(prefix).nameOf("orders"), null]]));
        expect(await listed(engine)).toEqual([]);
      });
    });

    describe("the list of installations", () => {
      it("keeps the others, and what is taken out of it by one that comes at the same moment is put back", async () => {
        const other = "0123456789ab";
        const value = JSON.stringify([other]);
        await apiOf(airflow).putVariables([{ key: INSTALLATIONS_KEY, value, description: "" }]);
        const isList = (key: string) => key === INSTALLATIONS_KEY;
        await new Registrar(new Contended(isList), settingsOf(options), new SystemClock()).register([
          idle("orders"),
        ]);
        expect(await installationsOf(apiOf(airflow))).toEqual([other, installationOf(prefix)].sort());
        expect(await listed(engine)).toEqual([{ groupId: "orders", version: 1 }]);
      });

      it("does not decide which shards are read", async () => {
        await engine.handleRegister([idle("orders")]);
        const api = apiOf(airflow);
        await api.putVariables([{ key: INSTALLATIONS_KEY, value: "[]", description: "" }]);
        const definition = definitionOf(idle("invoices"), settingsOf(options), Date.now());
        await shards.change(new Map([[definition.dagId, entryOf(definition)]]));
        await api.parse((await api.dag(FACTORY_DAG_ID))!);
        await until(async () => (await api.dag(definition.dagId)) !== undefined, { what: "the DAG" });
      });
    });

    describe("one process", () => {
      it("writes what is asked for at once without losing any of it", async () => {
        const dagIds = Array.from({ length: 4 * SHARDS }, (_, n) =>
          new NameSpace(prefix).nameOf(`group-${n}`),
        );
        await Promise.all(dagIds.map((dagId) => shards.change(new Map([[dagId, "an entry"]]))));
        expect((await shards.read(dagIds)).size).toBe(dagIds.length);
        await Promise.all(dagIds.slice(1).map((dagId) => shards.change(new Map([[dagId, null]]))));
        expect([...(await shards.read(dagIds)).keys()]).toEqual([dagIds[0]]);
      });

      it("does not put back what it was told to remove meanwhile", async () => {
        const hasty = new AirflowEngine({ ...options, dagFactoryTimeoutMs: 5_000 });
        const registered = hasty.handleRegister([idle("orders")]).catch(() => undefined);
        await until(async () => (await shards.all()).size > 0, { what: "the write" });
        await hasty.handleUnregister(["orders"]);
        // If it has not been parsed in between, this waits until its time is up.
        await registered;
        expect(await shards.all()).toEqual(new Map());
      });
    });

    describe("several processes", () => {
      const GROUPS = 3 * SHARDS;
      const MANAGERS = 4;
      const groupsOf = (manager: number) =>
        Array.from({ length: GROUPS / MANAGERS }, (_, n) => `group-${manager}-${n}`);

      it("that register and unregister in the same shards at once leave exactly what is to be there", async () => {
        const managers = Array.from({ length: MANAGERS }, () => new AirflowEngine(options));
        const kept = (groupIds: readonly string[]) => groupIds.filter((_, n) => n % 3 !== 0);
        await Promise.all(
          managers.map(async (manager, n) => {
            const groupIds = groupsOf(n);
            const halves = [groupIds.slice(0, groupIds.length / 2), groupIds.slice(groupIds.length / 2)];
            await Promise.all(halves.map((half) => manager.handleRegister(half.map((id) => idle(id)))));
            await Promise.all([
              manager.handleUnregister(groupIds.filter((id) => !kept(groupIds).includes(id))),
              manager.handleUpdate(kept(groupIds).map((id) => idle(id, 2))),
            ]);
          }),
        );
        const groupIds = managers.flatMap((_, n) => kept(groupsOf(n))).sort();
        expect(
          new Set(groupIds.map((id) => shardKeyOf(new NameSpace(prefix).nameOf(id)))).size,
        ).toBeGreaterThan(SHARDS / 2);
        expect(await listed(engine)).toEqual(groupIds.map((groupId) => ({ groupId, version: 2 })));
        expect((await shards.all()).size).toBe(groupIds.length);
      });
    });
  });
}
