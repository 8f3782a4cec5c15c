import { describe, expect, it } from "@jest/globals";
import type { LateTime, Page } from "@tidegate/core";
import type { ScheduleOperator } from "@tidegate/core/operator";
import { until } from "@tidegate/testkit";
import { onContract } from "./bed/contract.js";
import { gatedOperator } from "./bed/gated-operator.js";
import { MINUTE, minutes, useManagers } from "./bed/managers.js";

const aManager = useManagers();

/** An operator whose jobs find rows of the minute before theirs. */
function touchingOperator(): ScheduleOperator {
  return {
    ...gatedOperator(),
    submit: async ({ runId, lowerBound }) => {
      const lower = Number(lowerBound) - MINUTE;
      const touched = [{ intervals: [{ lower, upper: lower + MINUTE, rows: 2 }] }];
      return { jobId: runId, outcome: { state: "SUCCEEDED", touched } };
    },
  };
}

describe("late data over REST", () => {
  it("is listed, filtered and paged", async () => {
    const { call, log } = await onContract(await aManager({}, touchingOperator()));
    for (const name of ["a", "b"]) {
      await call("PUT", `/schedules/${name}`, minutes(0));
      const to = (await call<{ origin: number }>("GET", `/schedules/${name}`)).body.origin;
      await call("POST", `/schedules/${name}/backfills`, { from: to - 2 * MINUTE, to });
    }
    const list = async (query = "") =>
      (await call<Page<LateTime>>("GET", `/late-data?limit=3&${query}`)).body;
    await until(async () => (await list("state=MARKED")).next !== undefined);
    await until(async () => (await list("groupId=b&state=MARKED")).items.length === 2);
    const first = await list();
    const second = await list(`cursor=${first.next}`);
    expect([...first.items, ...second.items].map(({ groupId }) => groupId)).toEqual(["a", "a", "b", "b"]);
    const [late] = first.items;
    expect(late).toMatchObject({
      reportedBy: "a",
      rowsLate: 2,
      reports: 1,
      state: "MARKED",
      backfillId: null,
    });
    expect((await list("state=SEALED&state=RESTATED")).items).toEqual([]);
    const { lower, upper } = late!;
    expect((await list(`groupId=a&lower=${lower}&upper=${upper}`)).items).toEqual([late]);
    expect((await call("GET", `/late-data?lower=${lower}`)).status).toBe(400);
    expect(log.filter((line) => line.includes('"late data"'))).not.toEqual([]);
  });
});
