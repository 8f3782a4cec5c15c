import { describe, expect, it } from "@jest/globals";
import { TOKENS } from "@tidegate/core";
import type { Clock } from "@tidegate/core/clock";
import { VirtualClock } from "@tidegate/core/testing";
import { until } from "@tidegate/testkit";
import { gatedOperator } from "./bed/gated-operator.js";
import { minutes, useManagers } from "./bed/managers.js";

const aManager = useManagers();

async function aRun(clock?: Clock) {
  const operator = gatedOperator();
  const bed = await aManager({}, operator, clock);
  await bed.call("PUT", "/schedules/orders", minutes(1, { maxAttempts: 1 }));
  const { runId, statusUrl } = (
    await bed.callback({ groupId: "orders", scheduledTime: minutes(0).startTime })
  ).body;
  const store = bed.tidegate.container.get(TOKENS.store);
  const { getRuns } = store;
  let looks = 0;
  store.getRuns = (ids) => {
    if (ids.includes(runId)) looks += 1;
    return getRuns.call(store, ids);
  };
  /** Resolves when the run has been looked at so often: a request listens for its end before it looks. */
  const lookedAt = (times: number) => until(() => looks >= times, { what: `look ${times} at the run` });
  return { ...bed, operator, runId, statusUrl, lookedAt, looks: () => looks };
}

describe("a run's status", () => {
  it("is told as it stands", async () => {
    const { call, statusUrl, runId } = await aRun();
    const { body, headers } = await call<object>("GET", statusUrl);
    expect(body).toMatchObject({ runId, isEnded: false });
    expect(Object.keys(body)).toEqual(["runId", "state", "isEnded"]);
    expect(headers.get("cache-control")).toBe("no-store");
  });

  it("is told to all who wait when the run has ended", async () => {
    const { call, statusUrl, operator, lookedAt } = await aRun();
    const waiting = Promise.all(Array.from({ length: 20 }, () => call("GET", `${statusUrl}&waitMs=30000`)));
    await lookedAt(20);
    operator.end({ state: "SUCCEEDED", metrics: { rowsRead: 3, rowsWritten: 3 } });
    for (const { body } of await waiting) {
      expect(body).toMatchObject({ state: "SUCCEEDED", isEnded: true, metrics: { rowsRead: 3 } });
    }
  });

  it("tells why a run failed", async () => {
    const { call, statusUrl, operator } = await aRun();
    operator.end({ state: "FAILED", error: { code: "DISK_FULL", message: "no space" }, isRetryable: false });
    expect((await call("GET", `${statusUrl}&waitMs=30000`)).body).toMatchObject({
      state: "FAILED",
      isEnded: true,
      error: { code: "DISK_FULL", message: "no space" },
    });
  });

  it("is told when the wait is over", async () => {
    const { call, statusUrl } = await aRun();
    const began = performance.now();
    expect((await call("GET", `${statusUrl}&waitMs=300`)).body).toMatchObject({ isEnded: false });
    expect(performance.now() - began).toBeGreaterThanOrEqual(290);
  });

  it("may not be waited for without end", async () => {
    const { call, statusUrl } = await aRun();
    for (const waitMs of ["30001", "-1", "long", "1.5"]) {
      expect(await call("GET", `${statusUrl}&waitMs=${waitMs}`)).toMatchObject({
        status: 400,
        body: { error: { code: "REQUEST_INVALID", field: "waitMs" } },
      });
    }
  });

  it("is found also where another manager has ended the run: the store is looked at", async () => {
    const { call, statusUrl, operator, tidegate, lookedAt } = await aRun();
    const waiting = call("GET", `${statusUrl}&waitMs=30000`);
    await lookedAt(1);
    // As another manager's: the change is stored, and no event is heard here.
    tidegate.events.removeAllListeners("run-state");
    operator.end({ state: "SUCCEEDED" });
    expect((await waiting).body).toMatchObject({ isEnded: true });
  });

  it("lets go those who wait when the manager closes, before any time passes", async () => {
    const clock = new VirtualClock({ start: Date.now() });
    const { call, statusUrl, manager, operator, lookedAt } = await aRun(clock);
    const waiting = call("GET", `${statusUrl}&waitMs=30000`);
    await lookedAt(1);
    const closing = manager.close();
    expect(await waiting).toMatchObject({ status: 200, body: { isEnded: false } });
    // The close itself waits for jobs, by the clock that stands still.
    operator.end({ state: "SUCCEEDED" });
    await closing;
  });

  it("is forgotten by those who go away", async () => {
    const clock = new VirtualClock({ start: Date.now() });
    const { url, statusUrl, call, operator, lookedAt, looks } = await aRun(clock);
    const gone = new AbortController();
    const waiting = fetch(`${url}${statusUrl}&waitMs=30000`, { signal: gone.signal });
    await lookedAt(1);
    gone.abort();
    await expect(waiting).rejects.toThrow();
    // The clock stands still, so it is by the caller's going that the wait has ended with a last look.
    await lookedAt(2);
    await clock.advance(5_000);
    expect(looks()).toBe(2);
    expect((await call("GET", statusUrl)).status).toBe(200);
    operator.end({ state: "SUCCEEDED" });
  });
});
