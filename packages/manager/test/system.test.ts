import { describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { onContract } from "./bed/contract.js";
import { gatedOperator } from "./bed/gated-operator.js";
import { useManagers } from "./bed/managers.js";

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

  it("are for those who are authorized", async () => {
    const { call } = await aManager({ authorize: { token: "a-token-of-the-tests" } });
    expect(await call("GET", "/system")).toMatchObject({ status: 401 });
  });
});
