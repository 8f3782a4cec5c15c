import { describe, expect, it } from "@jest/globals";
import type { JsonObject, Lags } from "@tidegate/core";
import { until } from "@tidegate/testkit";
import { onContract } from "./bed/contract.js";
import { gatedOperator } from "./bed/gated-operator.js";
import { minutes, useManagers } from "./bed/managers.js";

const aManager = useManagers();

interface System {
  readonly operators: readonly { readonly operatorType: string; readonly jobSchema: JsonObject | null }[];
}

describe("the manager's parts over REST", () => {
  it("are its engines, and its operators with the forms of their jobs", async () => {
    const jobSchema = { type: "object", properties: { table: { type: "string" } }, required: ["table"] };
    const { call } = await onContract(
      await aManager(
        {},
        { ...gatedOperator(), describeJob: () => jobSchema, verify: async () => ({}) as never },
      ),
    );
    expect(await call("GET", "/system")).toMatchObject({
      status: 200,
      body: {
        namespace: "default",
        engines: [
          { engineType: "airflow", isDefault: true, isFiring: true },
          { engineType: "dolphinscheduler", isDefault: false, isFiring: true },
        ],
        operators: [
          {
            operatorType: "gated",
            isDefault: true,
            boundaryTypes: ["TIME"],
            canSplit: false,
            canVerify: true,
            jobSchema,
          },
        ],
        gates: [],
        probes: [],
        sources: [],
      },
    });
  });

  it("has no form for the jobs of an operator that describes none", async () => {
    const { call } = await onContract(await aManager());
    const { body } = await call<System>("GET", "/system");
    expect(body.operators).toMatchObject([{ operatorType: "gated", jobSchema: null }]);
  });

  it("has a store, whose size and clock it tells", async () => {
    const { call } = await onContract(await aManager());
    await call("PUT", "/schedules/orders", minutes(0));
    const { status, body } = await call<{ clockAheadMs: number }>("GET", "/system/store");
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        kind: "memory",
        isShared: false,
        bytes: null,
        tables: expect.arrayContaining([{ name: "schedule", rows: 1, bytes: null }]),
        managers: [],
        now: expect.any(Number),
        clockAheadMs: expect.any(Number),
      },
    });
    expect(Math.abs(body.clockAheadMs)).toBeLessThan(60_000);
  });

  it("tells which groups lag", async () => {
    const operator = gatedOperator();
    const { call } = await onContract(await aManager({}, operator));
    expect(await call("GET", "/lags")).toMatchObject({ status: 200, body: { groups: [], isWhole: true } });
    await call("PUT", "/schedules/orders", minutes(3));
    await call("POST", "/schedules/orders/trigger");
    await until(async () => (await call<Lags>("GET", "/lags?limit=10")).body.groups.length > 0);
    const { body } = await call<Lags>("GET", "/lags");
    const [lag] = body.groups;
    expect(lag).toMatchObject({ groupId: "orders", lagMs: lag!.plannedThrough - lag!.coveredThrough });
    expect(lag!.lagMs).toBeGreaterThan(0);
    expect(await call("GET", "/lags?limit=0")).toMatchObject({
      status: 400,
      body: { error: { field: "limit" } },
    });
  });

  it("are for those who are authorized", async () => {
    const { call } = await aManager({ authorize: { token: "a-token-of-the-tests" } });
    expect(await call("GET", "/system")).toMatchObject({ status: 401 });
  });
});
