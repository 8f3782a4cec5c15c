import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { EngineEntry } from "@tidegate/core/engine";
import { scheduleOf, specOf } from "@tidegate/test-outside";
import { DolphinSchedulerEngine } from "../src/index.js";
import { StandIn } from "./support/stand-in.js";

const HOURLY = specOf({ trigger: { type: "period", every: 1, unit: "hour" } });
const DAILY = specOf({ trigger: { type: "cron", expression: "0 3 * * *" } });

let dolphin: StandIn;
let engine: DolphinSchedulerEngine;

beforeEach(async () => {
  dolphin = await StandIn.start();
  const callback = { url: "http://door/engines/dolphinscheduler/callbacks" };
  engine = new DolphinSchedulerEngine({ url: dolphin.url, token: dolphin.token, callback });
});

afterEach(() => dolphin.close());

async function listed(): Promise<EngineEntry[]> {
  const entries: EngineEntry[] = [];
  for await (const entry of engine.list()) entries.push(entry);
  return entries;
}

describe("DolphinScheduler 3.3 and newer, by a stand-in", () => {
  it("gets, changes and loses schedules under its new names", async () => {
    await engine.handleRegister([scheduleOf("orders", HOURLY), scheduleOf("customers", DAILY)]);
    const registered = [
      { groupId: "customers", version: 1 },
      { groupId: "orders", version: 1 },
    ];
    expect(await listed()).toEqual(registered);
    await engine.handleUpdate([scheduleOf("orders", DAILY, 2)]);
    expect(await listed()).toContainEqual({ groupId: "orders", version: 2 });
    await engine.handleUnregister(["orders", "nobody"]);
    expect(await listed()).toEqual([{ groupId: "customers", version: 1 }]);
    expect(dolphin.asked.filter((path) => path.includes("process"))).toEqual([]);
  });

  it("is not asked to write what is so already", async () => {
    await engine.handleRegister([scheduleOf("orders", HOURLY)]);
    dolphin.asked.length = 0;
    await engine.handleRegister([scheduleOf("orders", HOURLY)]);
    expect(dolphin.asked.filter((path) => !path.startsWith("GET "))).toEqual([]);
  });

  it("deletes a workflow when its instances are stopped", async () => {
    await engine.handleRegister([scheduleOf("orders", HOURLY)]);
    const codes = dolphin.asked.flatMap(
      (path) => /workflow-definition\/(\d+)\/release$/.exec(path)?.[1] ?? [],
    );
    dolphin.running.set(Number(codes[0]), [7, 8]);
    await engine.handleUnregister(["orders"]);
    expect(dolphin.asked.filter((path) => path.endsWith("/executors/execute"))).toHaveLength(2);
    expect(await listed()).toEqual([]);
  });
});

describe("a registration that was cut off", () => {
  it("after any of its requests is finished by its repetition", async () => {
    await engine.handleRegister([scheduleOf("orders", HOURLY)]);
    const writes = dolphin.asked.filter((path) => !path.startsWith("GET ")).length;
    for (let survived = 0; survived < writes; survived += 1) {
      const fresh = await StandIn.start();
      const callback = { url: "http://door/engines/dolphinscheduler/callbacks" };
      const again = new DolphinSchedulerEngine({ url: fresh.url, token: fresh.token, callback });
      fresh.cutAfter(survived);
      await expect(again.handleRegister([scheduleOf("orders", HOURLY)])).rejects.toMatchObject({
        code: "ENGINE_FAILED",
      });
      fresh.cutAfter(Number.POSITIVE_INFINITY);
      await again.handleRegister([scheduleOf("orders", HOURLY)]);
      const entries: EngineEntry[] = [];
      for await (const entry of again.list()) entries.push(entry);
      expect(entries).toEqual([{ groupId: "orders", version: 1 }]);
      await fresh.close();
    }
  });
});

describe("an error inside DolphinScheduler's server", () => {
  it("at any request of a registration is overcome by a retry", async () => {
    await engine.handleRegister([scheduleOf("orders", HOURLY)]);
    const writes = dolphin.asked.filter((path) => !path.startsWith("GET ")).length;
    // The project is created by the first.
    for (let survived = 1; survived < writes; survived += 1) {
      await engine.handleUnregister(["orders"]);
      dolphin.refuseAfter(survived - 1, 1);
      await engine.handleRegister([scheduleOf("orders", HOURLY)]);
      expect(await listed()).toEqual([{ groupId: "orders", version: 1 }]);
    }
  });

  it("does not keep a workflow from being deleted", async () => {
    await engine.handleRegister([scheduleOf("orders", HOURLY)]);
    dolphin.refuseAfter(0, 2);
    await engine.handleUnregister(["orders"]);
    expect(await listed()).toEqual([]);
  });

  it("is reported if it does not pass", async () => {
    dolphin.refuseAfter(1, 3);
    await expect(engine.handleRegister([scheduleOf("orders", HOURLY)])).rejects.toMatchObject({
      code: "ENGINE_FAILED",
      message: expect.stringContaining("with code 10105: create process definition error"),
    });
  });
});
