import { describe, expect, it } from "@jest/globals";
import type { AuditReport, Preview, Run, Schedule } from "@tidegate/core";
import type { OffsetProvider } from "@tidegate/core/offset";
import type { Role } from "../src/index.js";
import { onContract } from "./bed/contract.js";
import { gatedOperator } from "./bed/gated-operator.js";
import { minutes, useManagers } from "./bed/managers.js";

const aManager = useManagers();

/** A source of one partition. */
class Log implements OffsetProvider {
  readonly sourceType = "log";
  incarnation = "first";
  end = 7;
  /** How often it was asked for its bounds. */
  asked = 0;

  async bounds() {
    this.asked += 1;
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

  it("has its source asked by those who may define a group, and by others only as it is stored", async () => {
    const log = new Log();
    const operator = { ...gatedOperator(), boundaryTypes: ["TIME", "OFFSET"] as const };
    const authorize = ({ headers }: { headers: object }) => (headers as { role: Role }).role;
    const { call } = await onContract(await aManager({ authorize }, operator, undefined, undefined, [log]));
    const definition = minutes(1, {
      groupId: "orders",
      boundaryType: "OFFSET",
      source: { type: "log" },
      startAt: "earliest",
    });
    const preview = async (role: Role, query = "?firstRead=true"): Promise<Preview> =>
      (await call<Preview>("POST", `/preview${query}`, definition, { role })).body;
    for (const role of ["viewer", "operator"] as const) {
      const { firstRead, notes, intervals } = await preview(role);
      expect([firstRead, intervals.length]).toEqual([undefined, 10]);
      expect(notes.at(-1)).toMatch("only if your role is editor or above");
    }
    expect(log.asked).toBe(0);
    expect(await preview("viewer", "")).toMatchObject({ notes: (await preview("editor", "")).notes });
    expect(log.asked).toBe(0);
    const range = { lower: { "0": "0" }, upper: { "0": "7" } };
    expect(await preview("editor")).toMatchObject({ firstRead: range });
    await call("PUT", "/schedules/orders", definition, { role: "editor" });
    const path = "/schedules/orders/preview";
    const viewer = { role: "viewer" };
    expect(await call("GET", `${path}?firstRead=true`, undefined, viewer)).toMatchObject({
      body: { firstRead: range },
    });
    expect((await call("GET", path, undefined, viewer)).body).not.toHaveProperty("firstRead");
  });

  it("is previewed, drained, and taken over from another tool", async () => {
    const log = new Log();
    const operator = { ...gatedOperator(), boundaryTypes: ["TIME", "OFFSET"] as const };
    operator.end({ state: "SUCCEEDED" });
    const { call } = await onContract(await aManager({}, operator, undefined, undefined, [log]));
    const read = { boundaryType: "OFFSET", source: { type: "log" }, startAt: "earliest" };
    const waiting = { ...read, expectData: { withinMs: 60_000 } };
    await call("PUT", "/schedules/orders", minutes(1, waiting));
    expect(await call("GET", "/schedules/orders/preview?count=1&firstRead=true")).toMatchObject({
      body: { firstRead: { lower: { "0": "0" }, upper: { "0": "7" } } },
    });
    const { body: runs } = await call<Run[]>("POST", "/schedules/orders/trigger?drain=true");
    expect(runs).toMatchObject([{ offsets: { upper: { "0": "7" } } }]);
    const take = (body: unknown) => call<Schedule>("POST", "/schedules/orders/offsets", body);
    expect(await take({ offsets: { "0": "5" }, note: "From the consumer group." })).toMatchObject({
      status: 200,
      body: { offsets: { epoch: 2, position: { "0": "5" }, rebase: { note: "From the consumer group." } } },
    });
    expect(await take({ singerState: {} })).toMatchObject({
      status: 400,
      body: { error: { code: "SCHEDULE_INVALID", field: "singerState" } },
    });
  });
});
