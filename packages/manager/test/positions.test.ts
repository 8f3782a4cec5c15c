import { describe, expect, it } from "@jest/globals";
import type { AuditReport, Run, Schedule } from "@tidegate/core";
import type { OffsetProvider } from "@tidegate/core/offset";
import { onContract } from "./bed/contract.js";
import { gatedOperator } from "./bed/gated-operator.js";
import { minutes, useManagers } from "./bed/managers.js";

const aManager = useManagers();

/** A source of one partition. */
class Log implements OffsetProvider {
  readonly sourceType = "log";
  incarnation = "first";
  end = 7;

  async bounds() {
    const { incarnation, end } = this;
    return { earliest: { "0": "0" }, latest: { "0": String(end) }, incarnation, at: Date.now() };
  }

  compare(_partition: string, a: string, b: string): number {
    return Number(a) - Number(b);
  }
}

describe("a group that is read by positions, over REST", () => {
  it("is registered, triggered, audited and rebased", async () => {
    const log = new Log();
    const operator = { ...gatedOperator(), boundaryTypes: ["TIME", "OFFSET"] as const };
    operator.end({ state: "SUCCEEDED" });
    const { call } = await onContract(await aManager({}, operator, undefined, undefined, [log]));
    const offsets = { boundaryType: "OFFSET", source: { type: "log" } };
    expect(await call("PUT", "/schedules/orders", minutes(1, offsets))).toMatchObject({
      status: 400,
      body: { error: { code: "SCHEDULE_INVALID", field: "startAt" } },
    });
    expect(
      await call("PUT", "/schedules/orders", minutes(1, { ...offsets, startAt: "earliest" })),
    ).toMatchObject({ status: 200 });
    const { body: runs } = await call<Run[]>("POST", "/schedules/orders/trigger");
    const range = { incarnation: "first", epoch: 1, lower: { "0": "0" }, upper: { "0": "7" } };
    expect(runs).toMatchObject([{ offsets: range }]);
    const { body: audit } = await call<AuditReport>("GET", "/schedules/orders/audit");
    expect(audit.offsets).toMatchObject([
      { epoch: 1, partitions: [{ partition: "0", lower: "0", upper: "7", gaps: [], overlaps: [] }] },
    ]);
    const rebase = (body: unknown) => call<Schedule>("POST", "/schedules/orders/rebase", body);
    expect(await rebase({ startAt: { time: "2026-01-01T00:00:00Z" } })).toMatchObject({
      status: 400,
      body: { error: { code: "SCHEDULE_INVALID", field: "startAt.time" } },
    });
    log.incarnation = "second";
    expect(await rebase({ startAt: "latest", note: "Made again.", job: { from: "again" } })).toMatchObject({
      status: 200,
      body: {
        version: 2,
        spec: { job: { from: "again" } },
        offsets: { incarnation: "second", epoch: 2, position: { "0": "7" }, rebase: { note: "Made again." } },
      },
    });
  });
});
