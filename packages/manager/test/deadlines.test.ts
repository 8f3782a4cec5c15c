import { describe, expect, it } from "@jest/globals";
import type { DeadlineRecord, Description, Page } from "@tidegate/core";
import { until } from "@tidegate/testkit";
import { onContract } from "./bed/contract.js";
import { MINUTE, minutes, useManagers } from "./bed/managers.js";

const aManager = useManagers();

describe("deadlines over REST", () => {
  it("are listed, filtered, paged and described", async () => {
    const { call } = await onContract(await aManager());
    const freshness = { maxLagMs: 1, whilePaused: "alert" };
    for (const name of ["a", "b", "c"]) await call("PUT", `/schedules/${name}`, minutes(0, { freshness }));
    const list = async (query: string) =>
      (await call<Page<DeadlineRecord>>("GET", `/deadlines?limit=2&${query}`)).body;
    await until(async () => (await list("subject=freshness")).next !== undefined);
    const first = await list("state=MISSED&state=AT_RISK&order=ascending");
    expect(first.items).toMatchObject([{ subject: "freshness" }, { subject: "freshness" }]);
    const second = await list(`state=MISSED&state=AT_RISK&order=ascending&cursor=${first.next}`);
    const groups = [...first.items, ...second.items].map(({ groupId }) => groupId);
    expect(groups.sort()).toEqual(["a", "b", "c"]);
    expect((await list("groupId=b")).items).toMatchObject([{ groupId: "b", state: "MISSED", metAt: null }]);
    expect((await list("subject=interval")).items).toEqual([]);
    const { lower } = first.items[0]!;
    expect((await list(`lower=${lower - MINUTE}&upper=${lower}&groupId=a`)).items).toEqual([]);
    const { body } = await call<Description>("GET", "/schedules/a/description");
    expect(body.coveredThrough).toBe(body.schedule.origin);
    expect(body.deadlines).toMatchObject([{ groupId: "a", subject: "freshness", state: "MISSED" }]);
  });

  it("are refused if no run can meet them, with the field", async () => {
    const { call } = await onContract(await aManager());
    const definition = minutes(0, { deadline: { afterMs: 1_000 }, delayMs: 2_000 });
    expect(await call("PUT", "/schedules/orders", definition)).toMatchObject({
      status: 400,
      body: { error: { code: "DEADLINE_BEFORE_DUE", field: "deadline.afterMs" } },
    });
  });

  it("of half an interval are not asked for", async () => {
    const { call } = await onContract(await aManager());
    expect(await call("GET", "/deadlines?lower=0")).toMatchObject({
      status: 400,
      body: { error: { code: "REQUEST_INVALID", field: "lower" } },
    });
  });
});

describe("sealing over REST", () => {
  it("closes time, which is written again with force only", async () => {
    const { call } = await onContract(await aManager());
    await call("PUT", "/sources/deliveries", { startTime: 0 });
    const report = { lower: 0, upper: 60_000, version: "1" };
    await call("POST", "/groups/deliveries/coverage", report);
    expect(await call("POST", "/groups/deliveries/seal", { until: 60_001 })).toMatchObject({
      status: 409,
      body: { error: { code: "INTERVAL_OPEN", field: "until" } },
    });
    const seal = { until: 60_000, note: "January is closed." };
    expect(await call("POST", "/groups/deliveries/seal", seal)).toMatchObject({
      status: 200,
      body: { groupId: "deliveries", through: 60_000, note: "January is closed." },
    });
    const again = { ...report, version: "2" };
    expect(await call("POST", "/groups/deliveries/coverage", again)).toMatchObject({
      status: 409,
      body: { error: { code: "SEALED", field: "lower" } },
    });
    expect((await call("POST", "/groups/deliveries/coverage", { ...again, force: true })).status).toBe(200);
    const { body } = await call<Description>("GET", "/schedules/deliveries/description");
    expect(body).toMatchObject({ sealedThrough: 60_000, seal: { through: 60_000 } });
  });
});
