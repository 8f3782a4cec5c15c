import { describe, expect, it } from "@jest/globals";
import type { ScheduleOperator } from "@tidegate/core/operator";
import { until } from "@tidegate/testkit";
import { gatedOperator } from "./bed/gated-operator.js";
import { type Bed, minutes, useManagers } from "./bed/managers.js";

const aManager = useManagers();

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly groupId?: string;
}

function linesOf({ log }: Bed): Line[] {
  return log.map((line) => JSON.parse(line) as Line);
}

describe("the log", () => {
  it("tells that a schedule was paused", async () => {
    const bed = await aManager();
    await bed.call("PUT", "/schedules/orders", minutes(2));
    await bed.call("POST", "/schedules/orders/pause", { note: "maintenance" });
    expect(linesOf(bed).find(({ msg }) => msg === "schedule")).toMatchObject({
      level: 30,
      groupId: "orders",
      status: "PAUSED",
      reason: "maintenance",
    });
  });

  it("warns of a run that failed", async () => {
    const failing: ScheduleOperator = {
      ...gatedOperator(),
      submit: async () => {
        throw new Error("the disk of the worker is full");
      },
    };
    const bed = await aManager({}, failing);
    await bed.call("PUT", "/schedules/orders", { ...minutes(2), maxAttempts: 1 });
    await bed.callback({ groupId: "orders" });
    await until(() => linesOf(bed).some(({ msg }) => msg === "run failed"), { what: "the failure" });
    expect(linesOf(bed).find(({ msg }) => msg === "run failed")).toMatchObject({
      level: 40,
      groupId: "orders",
      error: { message: expect.stringContaining("full") },
    });
  });
});
