import { describe, expect, it } from "@jest/globals";
import { gatedOperator } from "./bed/gated-operator.js";
import { minutes, useManagers } from "./bed/managers.js";

const aManager = useManagers();

async function aRun() {
  const operator = gatedOperator();
  const bed = await aManager({}, operator);
  await bed.call("PUT", "/schedules/orders", minutes(1, { maxAttempts: 1 }));
  const { runId, statusUrl } = (
    await bed.callback({ groupId: "orders", scheduledTime: minutes(0).startTime })
  ).body;
  return { ...bed, operator, runId, statusUrl };
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
    const { call, statusUrl, operator } = await aRun();
    const waiting = Promise.all(Array.from({ length: 20 }, () => call("GET", `${statusUrl}&waitMs=30000`)));
    await new Promise((resolve) => setTimeout(resolve, 200)); // for the requests to arrive and wait
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
    const { call, statusUrl, operator, tidegate } = await aRun();
    // As another manager's: the change is stored, and no event is heard here.
    tidegate.events.removeAllListeners("run-state");
    const waiting = call("GET", `${statusUrl}&waitMs=30000`);
    await new Promise((resolve) => setTimeout(resolve, 100)); // for the request to arrive and wait
    operator.end({ state: "SUCCEEDED" });
    expect((await waiting).body).toMatchObject({ isEnded: true });
  });

  it("lets go those who wait when the manager closes, which takes no longer than that", async () => {
    const { call, statusUrl, manager } = await aRun();
    const waiting = call("GET", `${statusUrl}&waitMs=30000`);
    await new Promise((resolve) => setTimeout(resolve, 200)); // for the request to arrive and wait
    const began = performance.now();
    await manager.close();
    expect(await waiting).toMatchObject({ status: 200, body: { isEnded: false } });
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it("is forgotten by those who go away", async () => {
    const { url, statusUrl, tidegate, call } = await aRun();
    const looks: number[] = [];
    const { getRun } = tidegate.client;
    tidegate.client.getRun = (id) => {
      looks.push(performance.now());
      return getRun.call(tidegate.client, id);
    };
    const gone = new AbortController();
    const waiting = fetch(`${url}${statusUrl}&waitMs=30000`, { signal: gone.signal });
    await new Promise((resolve) => setTimeout(resolve, 100)); // for the request to arrive and wait
    gone.abort();
    await expect(waiting).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 100)); // for the server to notice
    const before = looks.length;
    await new Promise((resolve) => setTimeout(resolve, 1_200)); // longer than until the next look
    expect(looks.length).toBe(before);
    expect((await call("GET", statusUrl)).status).toBe(200);
  });
});
