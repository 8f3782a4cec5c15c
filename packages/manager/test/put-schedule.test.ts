import { describe, expect, it } from "@jest/globals";
import type { Page, Run } from "@tidegate/core";
import { until } from "@tidegate/testkit";
import { onContract } from "./bed/contract.js";
import { gatedOperator } from "./bed/gated-operator.js";
import { minutes, useManagers } from "./bed/managers.js";

const aManager = useManagers();

describe("PUT of a schedule", () => {
  it("registers only, if there must be none yet", async () => {
    const { call } = await onContract(await aManager());
    const none = { "if-none-match": "*" };
    expect((await call("PUT", "/schedules/orders", minutes(0), none)).status).toBe(200);
    expect(await call("PUT", "/schedules/orders", minutes(0), none)).toMatchObject({
      status: 409,
      body: { error: { code: "SCHEDULE_EXISTS" } },
    });
    expect(await call("PUT", "/schedules/other", minutes(0), { "if-none-match": '"1"' })).toMatchObject({
      status: 400,
      body: { error: { code: "REQUEST_INVALID", field: "if-none-match" } },
    });
  });

  it("lets waiting runs adopt the new version", async () => {
    const { call } = await onContract(await aManager({}, gatedOperator()));
    await call("PUT", "/schedules/orders", minutes(3));
    await call("POST", "/schedules/orders/trigger");
    const waiting = async () =>
      (await call<Page<Run>>("GET", "/runs?groupId=orders&state=PLANNED")).body.items.map(
        ({ scheduleVersion }) => scheduleVersion,
      );
    await until(async () => (await waiting()).length > 0);
    const changed = minutes(3, { description: "changed" });
    expect(await call("PUT", "/schedules/orders?plannedRuns=adopt", changed)).toMatchObject({
      status: 400,
      body: { error: { code: "REQUEST_INVALID", field: "plannedRuns" } },
    });
    const etag = { "if-match": '"1"' };
    expect((await call("PUT", "/schedules/orders?plannedRuns=adopt", changed, etag)).status).toBe(200);
    expect(new Set(await waiting())).toEqual(new Set([2]));
  });
});

describe("a retry of a group", () => {
  it("retries all of its failed runs", async () => {
    const operator = gatedOperator();
    operator.end({ state: "FAILED", error: { code: "JOB_FAILED", message: "no" } });
    const { call } = await onContract(await aManager({}, operator));
    await call("PUT", "/schedules/orders", minutes(3, { maxAttempts: 1, onFailure: "continue" }));
    await call("POST", "/schedules/orders/trigger");
    const failed = async () => (await call<Page<Run>>("GET", "/runs?groupId=orders&state=FAILED")).body.items;
    await until(async () => (await failed()).length === 3);
    const ids = (await failed()).map(({ id }) => id).reverse();
    expect(await call("POST", "/schedules/orders/retry")).toMatchObject({ status: 202, body: ids });
    expect((await call("POST", "/schedules/nobody/retry")).status).toBe(404);
  });
});
