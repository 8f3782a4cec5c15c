import { describe, expect, it } from "@jest/globals";
import type { CoverageAnswer, CoverageReceipt, RestatementPlan, Schedule } from "@tidegate/core";
import { onContract } from "./bed/contract.js";
import { minutes, useManagers } from "./bed/managers.js";

const aManager = useManagers();

async function aBed(...given: Parameters<typeof aManager>) {
  return onContract(await aManager(...given));
}

const T0 = Date.UTC(2026, 0, 1);
const HOUR = 3_600_000;
const SOURCE = { startTime: "2026-01-01T00:00:00Z", description: "Of a vendor.", labels: { team: "buy" } };
const COVERAGE = "/groups/deliveries/coverage";

describe("source groups", () => {
  it("are put, read and removed, beside schedules", async () => {
    const { call } = await aBed();
    const put = await call<Schedule>("PUT", "/sources/deliveries", SOURCE);
    expect(put).toMatchObject({ status: 200, body: { status: "SOURCE", version: 1, origin: T0 } });
    expect((await call<Schedule>("PUT", "/sources/deliveries", SOURCE)).body.version).toBe(1);
    expect(await call("PUT", "/sources/other", { groupId: "deliveries" })).toMatchObject({
      status: 400,
      body: { error: { code: "SCHEDULE_INVALID", field: "groupId" } },
    });
    expect(await call("PUT", "/schedules/deliveries", minutes(0))).toMatchObject({
      status: 409,
      body: { error: { code: "SCHEDULE_STATUS_ILLEGAL", field: "groupId" } },
    });
    await call("PUT", "/schedules/orders", minutes(0));
    expect(await call("PUT", "/sources/orders", SOURCE)).toMatchObject({
      status: 409,
      body: { error: { code: "SCHEDULE_EXISTS" } },
    });
    expect((await call("GET", "/schedules")).body).toMatchObject({
      items: [{ spec: { groupId: "orders" } }],
    });
    expect((await call("GET", "/schedules?status=SOURCE")).body).toMatchObject({
      items: [{ spec: { groupId: "deliveries" } }],
    });
    expect((await call("DELETE", "/schedules/deliveries")).status).toBe(409);
    expect((await call("DELETE", "/schedules/deliveries?purge=true")).status).toBe(204);
    expect((await call("GET", "/schedules/deliveries")).status).toBe(404);
  });
});

describe("reports of coverage", () => {
  it("are taken once, and again with another version", async () => {
    const { call } = await aBed();
    await call("PUT", "/sources/deliveries", SOURCE);
    const report = { lower: "2026-01-01T00:00:00Z", upper: T0 + 2 * HOUR, version: "a", note: "by hand" };
    expect((await call<CoverageReceipt>("POST", COVERAGE, report)).body).toEqual({
      groupId: "deliveries",
      changed: [{ lower: T0, upper: T0 + 2 * HOUR }],
    });
    expect((await call<CoverageReceipt>("POST", COVERAGE, report)).body.changed).toEqual([]);
    const again = { lower: T0 + HOUR, upper: T0 + 3 * HOUR, version: "b" };
    expect((await call<CoverageReceipt>("POST", COVERAGE, again)).body.changed).toEqual([
      { lower: T0 + HOUR, upper: T0 + 3 * HOUR },
    ]);
    expect((await call("GET", "/runs?groupId=deliveries&kind=REPORTED&order=ascending")).body).toMatchObject({
      items: [
        { upper: T0 + HOUR, report: { version: "a", note: "by hand" } },
        { upper: T0 + 2 * HOUR, isSuperseded: true },
        { lower: T0 + HOUR, upper: T0 + 2 * HOUR, generation: 1, report: { version: "b", note: "" } },
        { lower: T0 + 2 * HOUR, generation: 0 },
      ],
    });
  });

  it.each([
    [{ lower: T0, upper: T0 }, 422, "INTERVAL_INVALID", "lower"],
    [{ lower: T0 }, 400, "INTERVAL_INVALID", "upper"],
    [{ lower: T0, upper: T0 + 1, version: "" }, 400, "INTERVAL_INVALID", "version"],
    [{ lower: T0, upper: T0 + 1, note: "\u0000" }, 400, "INTERVAL_INVALID", "note"],
  ])("are refused as %j", async (report, status, code, field) => {
    const { call } = await aManager();
    await call("PUT", "/sources/deliveries", SOURCE);
    expect(await call("POST", COVERAGE, report)).toMatchObject({ status, body: { error: { code, field } } });
  });

  it("are refused for groups that have a schedule, and unknown ones", async () => {
    const { call } = await aBed();
    await call("PUT", "/schedules/orders", minutes(0));
    const report = { lower: T0, upper: T0 + HOUR };
    expect((await call("POST", "/groups/orders/coverage", report)).status).toBe(409);
    expect((await call("POST", "/groups/nobody/coverage", report)).status).toBe(404);
  });
});

describe("the coverage of a group", () => {
  const range = `from=2026-01-01T00:00:00Z&to=${T0 + 2 * HOUR}`;

  it("is answered at once, or as soon as it is complete", async () => {
    const { call } = await aBed();
    await call("PUT", "/sources/deliveries", SOURCE);
    const before = await call<CoverageAnswer>("GET", `${COVERAGE}?${range}`);
    expect(before.body).toMatchObject({ isCovered: false, missing: [{ lower: T0, upper: T0 + 2 * HOUR }] });
    expect(before.headers.get("cache-control")).toBe("no-store");
    const waiting = call<CoverageAnswer>("GET", `${COVERAGE}?${range}&wait=60s`);
    await call("POST", COVERAGE, { lower: T0, upper: T0 + HOUR });
    await call("POST", COVERAGE, { lower: T0 + HOUR, upper: T0 + 2 * HOUR });
    const { body } = await waiting;
    expect(body).toMatchObject({ isCovered: true, missing: [] });
    expect(body.generationDigest).not.toBe(before.body.generationDigest);
  });

  it("ends its waits when the manager is closed", async () => {
    const { call, manager } = await aBed();
    await call("PUT", "/sources/deliveries", SOURCE);
    const waiting = call<CoverageAnswer>("GET", `${COVERAGE}?${range}&wait=60s`);
    await call("GET", `${COVERAGE}?${range}&wait=1ms`);
    await manager.close();
    expect((await waiting).body).toMatchObject({ isCovered: false });
  });

  it("is refused for an empty range, a wait that is too long or none, and an unknown group", async () => {
    const { call } = await aManager();
    await call("PUT", "/sources/deliveries", SOURCE);
    expect((await call("GET", `${COVERAGE}?from=${T0}&to=${T0}`)).status).toBe(422);
    for (const wait of ["61s", "60001ms", "1h", "-1s", "1"])
      expect(await call("GET", `${COVERAGE}?${range}&wait=${wait}`)).toMatchObject({
        status: 400,
        body: { error: { field: "wait" } },
      });
    expect((await call("GET", `/groups/nobody/coverage?${range}`)).status).toBe(404);
  });
});

describe("stale runs", () => {
  it("are listed, of all groups or of one", async () => {
    const { call } = await aBed();
    expect((await call("GET", "/stale")).body).toEqual([]);
    expect((await call("GET", "/stale?groupId=deliveries")).body).toEqual([]);
    expect((await call("GET", "/stale?groupId=a%20b")).status).toBe(400);
  });
});

describe("restatements", () => {
  it("are planned, and begun once as they were planned", async () => {
    const { call, tidegate } = await aBed();
    await call("PUT", "/schedules/orders", minutes(3));
    await tidegate.client.trigger("orders");
    const { origin, watermark } = await tidegate.client.get("orders");
    const request = { groupId: "orders", from: origin, to: watermark, cascade: "downstream", note: "again" };
    const plan = await call<RestatementPlan>("POST", "/restatements/plans", request);
    expect(plan).toMatchObject({
      status: 200,
      body: { groups: [{ groupId: "orders", intervals: [{ lower: origin, upper: watermark }] }], stops: [] },
    });
    const { planId } = plan.body;
    expect(await call("POST", "/restatements", { planId })).toMatchObject({
      status: 202,
      body: { planId, backfills: [{ groupId: "orders", lower: origin, upper: watermark }] },
    });
    expect(await call("POST", "/restatements", { planId: "none" })).toMatchObject({
      status: 422,
      body: { error: { code: "INTERVAL_INVALID", field: "planId" } },
    });
    const other = await call<RestatementPlan>("POST", "/restatements/plans", { ...request, note: "another" });
    await call("PUT", "/schedules/orders", minutes(3, { description: "changed" }));
    expect(await call("POST", "/restatements", { planId: other.body.planId })).toMatchObject({
      status: 409,
      body: { error: { code: "PLAN_OUTDATED" } },
    });
  });
});
