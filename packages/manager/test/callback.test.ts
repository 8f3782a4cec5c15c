import { describe, expect, it } from "@jest/globals";
import { type Page, type Run, TOKENS } from "@tidegate/core";
import { VirtualClock } from "@tidegate/core/testing";
import { until } from "@tidegate/testkit";
import { gatedOperator } from "./bed/gated-operator.js";
import {
  type Bed,
  DOLPHIN_TOKEN,
  INLONG_TOKEN,
  MINUTE,
  minutes,
  type Receipt,
  useManagers,
} from "./bed/managers.js";

const aManager = useManagers();

/** A manager with a group of minutes, and its first interval. */
async function withOrders(ago = 5, overrides: object = {}, options: Parameters<typeof aManager>[0] = {}) {
  const bed = await aManager(options);
  const definition = minutes(ago, overrides);
  expect(await bed.call("PUT", "/schedules/orders", definition)).toMatchObject({ status: 200 });
  return { bed, start: definition.startTime };
}

async function runsOf({ call }: Bed): Promise<readonly Run[]> {
  return (await call<Page<Run>>("GET", "/runs?groupId=orders&order=ascending&limit=1000")).body.items;
}

describe("a callback", () => {
  it("plans its interval, and says which run that is and where to ask for it", async () => {
    const { bed, start } = await withOrders();
    const taken = await bed.callback({
      groupId: "orders",
      boundaryType: "time",
      lowerBoundary: String(start),
      upperBoundary: String(start + MINUTE),
    });
    expect(taken).toMatchObject({ status: 202, body: { duplicate: false } });
    const run = await bed.call("GET", `/runs/${taken.body.runId}`);
    expect(run.body).toMatchObject({ groupId: "orders", lower: start, upper: start + MINUTE });
    const status = await bed.call("GET", taken.body.statusUrl);
    expect(status).toMatchObject({ status: 200, body: { runId: taken.body.runId, isEnded: false } });
  });

  it("is the same run however often and however it is repeated", async () => {
    const { bed, start } = await withOrders(1);
    const bodies = [
      { groupId: "orders", lowerBoundary: start, upperBoundary: start + MINUTE },
      { groupId: "orders", lowerBoundary: String(start), upperBoundary: String(start + MINUTE) },
      { groupId: "orders", scheduledTime: new Date(start + MINUTE).toISOString() },
      { groupId: "orders", scheduledTime: start + MINUTE, tryNumber: 7, dagRunId: "scheduled__1" },
    ];
    const answers = [];
    for (let round = 0; round < 20; round += 1) {
      const batch = Array.from({ length: 50 }, (_, index) => bed.callback(bodies[(round + index) % 4]));
      answers.push(...(await Promise.all(batch)));
    }
    expect(answers).toHaveLength(1_000);
    expect(new Set(answers.map(({ body }) => body.runId)).size).toBe(1);
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(1);
    expect(answers.filter(({ status, body }) => status === 200 && body.duplicate)).toHaveLength(999);
    const run = (await runsOf(bed)).filter(({ lower }) => lower === start);
    expect(run.map(({ id }) => id)).toEqual([answers[0]!.body.runId]);
  });

  it("for a time that was fired before costs two reads, and no fire", async () => {
    // Its clock stands still, so that nothing else reads meanwhile.
    const operator = gatedOperator();
    const bed = await aManager({}, operator, new VirtualClock({ start: Date.now() }));
    const { startTime: start } = minutes(2);
    expect(await bed.call("PUT", "/schedules/orders", minutes(2))).toMatchObject({ status: 200 });
    await bed.callback({ groupId: "orders", scheduledTime: start + 2 * MINUTE });
    const store = bed.tidegate.container.get(TOKENS.store);
    const calls: string[] = [];
    for (const name of ["getSchedules", "getRuns", "listRuns", "plan"] as const) {
      const original = store[name].bind(store) as (...args: unknown[]) => never;
      store[name] = (...args: unknown[]) => {
        calls.push(name);
        return original(...args);
      };
    }
    // As by a foreign timer whose ticks are finer than the schedule.
    const again = await bed.callback({ groupId: "orders", scheduledTime: start + 2 * MINUTE });
    expect(again).toMatchObject({ status: 200, body: { duplicate: true } });
    expect(calls).toEqual(["getSchedules", "listRuns"]);
    operator.end({ state: "SUCCEEDED" });
  });

  it("fills the gap before it, and answers each interval with its own run", async () => {
    const { bed, start } = await withOrders(5);
    const third = await bed.callback({ groupId: "orders", scheduledTime: start + 3 * MINUTE });
    const runs = await runsOf(bed);
    expect(runs.map(({ lower }) => lower).slice(0, 5)).toEqual(
      [0, 1, 2, 3, 4].map((n) => start + n * MINUTE),
    );
    expect(third.body).toMatchObject({
      runId: runs[2]!.id,
      lowerBoundary: start + 2 * MINUTE,
      upperBoundary: start + 3 * MINUTE,
    });
    const first = await bed.callback({ groupId: "orders", scheduledTime: start + MINUTE });
    expect(first).toMatchObject({ status: 200, body: { runId: runs[0]!.id, duplicate: true } });
  });

  it("without any time is for the latest interval that is due", async () => {
    const { bed } = await withOrders(3);
    const taken = await bed.callback({ groupId: "orders", scheduledTime: null });
    expect(taken.status).toBe(202);
    expect((await runsOf(bed)).at(-1)!.id).toBe(taken.body.runId);
  });

  it("that is a little off with its time is for the interval due then, and the drift is an event", async () => {
    const { bed, start } = await withOrders(5);
    const drifts: number[] = [];
    bed.tidegate.events.on("engine-drift", ({ scheduledTime }) => drifts.push(scheduledTime));
    const taken = await bed.callback({ groupId: "orders", scheduledTime: start + 2 * MINUTE + 1_234 });
    expect((await runsOf(bed))[1]!.id).toBe(taken.body.runId);
    expect(drifts).toEqual([start + 2 * MINUTE + 1_234]);
  });

  it("for an interval that was merged is answered with the run that stands for it", async () => {
    const { bed, start } = await withOrders(5, { catchup: "coalesce" });
    const [early, late] = [
      await bed.callback({ groupId: "orders", scheduledTime: start + MINUTE }),
      await bed.callback({
        groupId: "orders",
        lowerBoundary: start + 2 * MINUTE,
        upperBoundary: start + 3 * MINUTE,
      }),
    ];
    expect(early.status).toBe(202);
    expect(late).toMatchObject({ status: 200, body: { runId: early.body.runId, duplicate: true } });
  });

  it("for an interval of a grid that an update has replaced still finds its run", async () => {
    const { bed, start } = await withOrders(5);
    const body = { groupId: "orders", lowerBoundary: start, upperBoundary: start + MINUTE };
    const before = await bed.callback(body);
    const hourly = { trigger: { type: "period", every: 1, unit: "hour" }, startTime: start };
    expect((await bed.call("PUT", "/schedules/orders", hourly)).status).toBe(200);
    expect(await bed.callback(body)).toMatchObject({ status: 200, body: { runId: before.body.runId } });
  });

  it("knows the run that was done again on purpose", async () => {
    const operator = gatedOperator();
    operator.end({ state: "SUCCEEDED" });
    const bed = await aManager({}, operator);
    const { startTime: lower } = minutes(1);
    await bed.call("PUT", "/schedules/orders", minutes(1));
    const body = { groupId: "orders", lowerBoundary: lower, upperBoundary: lower + MINUTE };
    const { runId, statusUrl } = (await bed.callback(body)).body;
    expect((await bed.call("GET", `${statusUrl}&waitMs=10000`)).body).toMatchObject({ isEnded: true });
    const again = await bed.call<Run[]>("POST", "/schedules/orders/trigger", {
      lower,
      upper: lower + MINUTE,
    });
    expect(again.body[0]!.id).not.toBe(runId);
    expect((await bed.callback(body)).body).toMatchObject({ runId: again.body[0]!.id, duplicate: true });
  });

  it("comes by bearer token where its engine has one", async () => {
    const { bed } = await withOrders();
    const authorization = `Bearer ${DOLPHIN_TOKEN}`;
    const body = { groupId: "orders" };
    const taken = await bed.call<Receipt>("POST", "/engines/DolphinScheduler/callbacks", body, {
      authorization,
    });
    expect(taken.status).toBe(202);
    expect((await bed.call("GET", taken.body.statusUrl)).status).toBe(200);
  });

  it("comes by InLong's path and is answered in InLong's envelope", async () => {
    const { bed, start } = await withOrders();
    const path = "/inlong/manager/api/group/submitOfflineJob";
    const body = {
      groupId: "orders",
      boundaryType: "time",
      lowerBoundary: String(start),
      upperBoundary: String(start + MINUTE),
    };
    const authorization = `Bearer ${INLONG_TOKEN}`;
    const taken = await bed.call<Receipt>("POST", path, body, { authorization });
    expect(taken).toMatchObject({ status: 202, body: { success: true, errMsg: null, data: true } });
    expect((await bed.call("GET", taken.body.statusUrl)).status).toBe(200);
    const seconds = {
      ...body,
      lowerBoundary: String(start / 1_000),
      upperBoundary: String(start / 1_000 + 60),
    };
    expect((await bed.call("POST", path, seconds, { authorization })).status).toBe(422);
    expect((await bed.call("POST", path, body)).status).toBe(401);
  });
});

describe("a callback that cannot be taken", () => {
  /** Refused with this, and nothing is stored. */
  const refused = async (bed: Bed, body: object, expected: object) => {
    const answer = await bed.callback<unknown>(body);
    expect(answer).toMatchObject(expected);
    expect(await runsOf(bed)).toEqual([]);
    return answer;
  };

  it("is off the grid", async () => {
    const { bed, start } = await withOrders();
    const off = { status: 422, body: { error: { code: "INTERVAL_NOT_ALIGNED", field: "lowerBoundary" } } };
    for (const [lower, upper] of [
      [start + 1, start + MINUTE],
      [start, start + MINUTE - 1],
      [start, start + 2 * MINUTE],
      [start - MINUTE, start],
      [start / 1_000, start / 1_000 + 60],
    ]) {
      await refused(bed, { groupId: "orders", lowerBoundary: lower, upperBoundary: upper }, off);
    }
  });

  it("has no lower bound before its upper one", async () => {
    const { bed, start } = await withOrders();
    const expected = { status: 422, body: { error: { code: "INTERVAL_INVALID" } } };
    for (const upperBoundary of [start, start - MINUTE]) {
      await refused(bed, { groupId: "orders", lowerBoundary: start, upperBoundary }, expected);
    }
  });

  it("is for an interval that is not over: it is told when to come again", async () => {
    const hour = 60 * MINUTE;
    const { bed, start } = await withOrders(0, { trigger: { type: "period", every: 1, unit: "hour" } });
    const expected = { status: 425, body: { error: { code: "INTERVAL_OPEN" } } };
    for (const body of [
      { groupId: "orders", lowerBoundary: start, upperBoundary: start + hour },
      { groupId: "orders", scheduledTime: start + hour },
      { groupId: "orders" },
    ]) {
      const { headers } = await refused(bed, body, expected);
      const seconds = Number(headers.get("retry-after"));
      expect(seconds).toBeGreaterThan(50 * 60);
      expect(seconds).toBeLessThanOrEqual(60 * 60);
    }
  });

  it("is for an interval whose delay has not passed", async () => {
    const { bed, start } = await withOrders(2, { delayMs: 10 * MINUTE });
    const body = { groupId: "orders", lowerBoundary: start, upperBoundary: start + MINUTE };
    const { headers } = await refused(bed, body, { status: 425 });
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(7 * 60);
  });

  it("is for a group that is unknown or was removed", async () => {
    const { bed } = await withOrders();
    const unknown = { status: 404, body: { error: { code: "SCHEDULE_NOT_FOUND", field: "groupId" } } };
    await refused(bed, { groupId: "nobody" }, unknown);
    await bed.call("DELETE", "/schedules/orders");
    await refused(bed, { groupId: "orders" }, unknown);
  });

  it("is for a group that is paused", async () => {
    const { bed } = await withOrders();
    await bed.call("POST", "/schedules/orders/pause", { note: "maintenance" });
    const { text } = await refused(
      bed,
      { groupId: "orders" },
      {
        status: 409,
        body: { error: { code: "SCHEDULE_STATUS_ILLEGAL" } },
      },
    );
    expect(text).toContain("maintenance");
  });

  it("is for an interval whose planning waits for a run to end", async () => {
    const { bed, start } = await withOrders(3, { overlap: "coalesce-pending" });
    await bed.call("POST", "/schedules/orders/pause");
    await bed.call("POST", "/schedules/orders/resume");
    const first = await bed.callback({ groupId: "orders", scheduledTime: start + 3 * MINUTE });
    expect(first.status).toBe(202);
    // The next minute is not over yet, so the grid is made finer.
    const seconds = {
      ...minutes(3, { overlap: "coalesce-pending" }),
      trigger: { type: "period", every: 1, unit: "second" },
    };
    await bed.call("PUT", "/schedules/orders", { ...seconds, startTime: start });
    await until(() => Date.now() >= start + 3 * MINUTE + 1_000, {
      what: "an interval of a second to be over",
    });
    const waits = await bed.callback<unknown>({ groupId: "orders" });
    expect(waits).toMatchObject({ status: 503, body: { error: { code: "INTERVAL_DEFERRED" } } });
    expect(Number(waits.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  it("is malformed", async () => {
    const { bed, start } = await withOrders();
    for (const [body, field] of [
      [{}, "groupId"],
      [{ groupId: "../etc" }, "groupId"],
      [{ groupId: "orders", boundaryType: "offset" }, "boundaryType"],
      [{ groupId: "orders", lowerBoundary: start }, "upperBoundary"],
      [{ groupId: "orders", scheduledTime: "yesterday" }, "scheduledTime"],
      [{ groupId: "orders", scheduledTime: 1.5 }, "scheduledTime"],
      [{ groupId: "orders", scheduledTime: "2026-01-01T00:00:00" }, "scheduledTime"],
      [{ groupId: "orders", scheduledTime: "9".repeat(30) }, "scheduledTime"],
    ] as const) {
      await refused(bed, body, { status: 400, body: { error: { code: "REQUEST_INVALID", field } } });
    }
    for (const body of ["", "{", "groupId=orders", "null", "[]", '"orders"']) {
      expect(await bed.callback<unknown>(body)).toMatchObject({
        status: 400,
        body: { error: { code: "REQUEST_INVALID" } },
      });
    }
  });
});
