import { describe, expect, it } from "@jest/globals";
import type { Page, Run, RunState } from "@tidegate/core";
import type { JobOutcome } from "@tidegate/core/operator";
import { until } from "@tidegate/testkit";
import { type GatedOperator, gatedOperator } from "./bed/gated-operator.js";
import { type Bed, DOLPHIN_TOKEN, MINUTE, minutes, type Receipt, useManagers } from "./bed/managers.js";

const aManager = useManagers();

const SUCCEEDED: JobOutcome = { state: "SUCCEEDED" };
const FAILED: JobOutcome = { state: "FAILED", error: { code: "JOB_FAILED", message: "no" } };

/** A manager with a group of minutes, some of which are over, planned, and have ended. */
async function withOrders(outcome = SUCCEEDED) {
  const operator = gatedOperator();
  operator.end(outcome);
  const bed = await aManager({}, operator);
  const definition = minutes(3, { maxAttempts: 1, onFailure: "continue" });
  await bed.call("PUT", "/schedules/orders", definition);
  await bed.callback({ groupId: "orders" });
  await untilEnded(bed, 3);
  return { bed, operator, start: definition.startTime };
}

async function runsOf({ call }: Bed, query = ""): Promise<readonly Run[]> {
  const { body } = await call<Page<Run>>("GET", `/runs?groupId=orders&order=ascending&limit=1000${query}`);
  return body.items;
}

async function untilEnded(bed: Bed, count: number): Promise<void> {
  const ended: ReadonlySet<RunState> = new Set(["SUCCEEDED", "FAILED"]);
  await until(async () => (await runsOf(bed)).filter(({ state }) => ended.has(state)).length >= count);
}

/** The generations of the interval that ends at a scheduled time. */
async function generations(bed: Bed, upper: number): Promise<number[]> {
  return (await runsOf(bed)).filter((run) => run.upper === upper).map(({ generation }) => generation);
}

const submitted = (operator: GatedOperator, upper: number) =>
  operator.submitted.filter(({ upperBound }) => Number(upperBound) === upper).length;

describe("a callback that asks for a re-run", () => {
  it("runs its interval once more, and says which run that is", async () => {
    const { bed, operator, start } = await withOrders();
    const scheduledTime = start + 2 * MINUTE;
    const rerun = { id: "clear-1", select: "all" };
    const again = await bed.callback({ groupId: "orders", scheduledTime, rerun });
    expect(again).toMatchObject({ status: 202, body: { duplicate: false } });
    const run = await bed.call<Run>("GET", `/runs/${again.body.runId}`);
    expect(run.body).toMatchObject({ kind: "BACKFILL", generation: 1, upper: scheduledTime });
    await untilEnded(bed, 4);
    expect(submitted(operator, scheduledTime)).toBe(2);
    expect(await runsOf(bed)).toHaveLength(4);
  });

  it("is the same run however often it comes, also at once and after its end", async () => {
    const { bed, start } = await withOrders();
    const scheduledTime = start + 2 * MINUTE;
    const body = { groupId: "orders", scheduledTime, rerun: { id: "clear-1", select: "all" } };
    const answers = await Promise.all(Array.from({ length: 10 }, () => bed.callback(body)));
    await untilEnded(bed, 4);
    answers.push(await bed.callback(body));
    expect(new Set(answers.map(({ body: { runId } }) => runId)).size).toBe(1);
    expect(answers.at(-1)).toMatchObject({ status: 200, body: { duplicate: true } });
    expect(await generations(bed, scheduledTime)).toEqual([0, 1]);
    const next = await bed.callback({ ...body, rerun: { id: "clear-2", select: "all" } });
    expect(next.status).toBe(202);
    expect(await generations(bed, scheduledTime)).toEqual([0, 1, 2]);
  });

  it("of what is incomplete runs failures, and is answered with the run of what has succeeded", async () => {
    const { bed, operator, start } = await withOrders(FAILED);
    operator.end(SUCCEEDED);
    const scheduledTime = start + MINUTE;
    const of = (id: string) => ({ groupId: "orders", scheduledTime, rerun: { id, select: "incomplete" } });
    const first = await bed.callback(of("backfill-1"));
    expect(first).toMatchObject({ status: 202, body: { duplicate: false } });
    await until(
      async () => (await bed.call<Run>("GET", `/runs/${first.body.runId}`)).body.state === "SUCCEEDED",
    );
    expect(await bed.callback(of("backfill-2"))).toMatchObject({
      status: 200,
      body: { runId: first.body.runId, duplicate: true },
    });
    expect(await generations(bed, scheduledTime)).toEqual([0, 1]);
  });

  it("of what lies before the ledger runs that for the first time", async () => {
    const { bed, start } = await withOrders();
    const scheduledTime = start - 10 * MINUTE;
    const rerun = { id: "backfill-1", select: "incomplete" };
    const body = { groupId: "orders", scheduledTime, rerun };
    const taken = await bed.callback(body);
    expect(taken.status).toBe(202);
    const run = { kind: "BACKFILL", generation: 0, lower: scheduledTime - MINUTE, upper: scheduledTime };
    expect((await bed.call("GET", `/runs/${taken.body.runId}`)).body).toMatchObject(run);
    expect((await bed.callback(body)).body).toMatchObject({ runId: taken.body.runId, duplicate: true });
    await untilEnded(bed, 4);
    const later = { ...body, rerun: { id: "backfill-2", select: "incomplete" } };
    expect((await bed.callback(later)).body).toMatchObject({ runId: taken.body.runId, duplicate: true });
  });

  it("of what is not planned yet plans it, and no second time", async () => {
    const operator = gatedOperator();
    operator.end(SUCCEEDED);
    const bed = await aManager({}, operator);
    await bed.call("PUT", "/schedules/orders", minutes(1));
    const body = { groupId: "orders", rerun: { id: "clear-1", select: "all" } };
    const taken = await bed.callback(body);
    expect(taken).toMatchObject({ status: 202, body: { duplicate: false } });
    await untilEnded(bed, 1);
    expect((await bed.callback(body)).body).toMatchObject({ runId: taken.body.runId, duplicate: true });
    expect(await runsOf(bed)).toHaveLength(1);
  });

  it("of what is under way is answered with that run", async () => {
    const bed = await aManager();
    await bed.call("PUT", "/schedules/orders", minutes(1));
    const { body } = await bed.callback({ groupId: "orders" });
    const rerun = { id: "clear-1", select: "all" };
    expect((await bed.callback({ groupId: "orders", rerun })).body).toMatchObject({
      runId: body.runId,
      duplicate: true,
    });
    expect(await runsOf(bed)).toHaveLength(1);
  });

  it("of what was skipped with others runs that alone", async () => {
    const operator = gatedOperator();
    operator.end(SUCCEEDED);
    const bed = await aManager({}, operator);
    const definition = minutes(5, { catchup: "drop" });
    await bed.call("PUT", "/schedules/orders", definition);
    await bed.callback({ groupId: "orders" });
    const skipped = {
      state: "SKIPPED",
      lower: definition.startTime,
      upper: definition.startTime + 4 * MINUTE,
    };
    expect((await runsOf(bed))[0]).toMatchObject(skipped);
    const scheduledTime = definition.startTime + 2 * MINUTE;
    const rerun = { id: "backfill-1", select: "incomplete" };
    const taken = await bed.callback({ groupId: "orders", scheduledTime, rerun });
    expect(taken).toMatchObject({ status: 202, body: { duplicate: false } });
    const run = { kind: "BACKFILL", lower: scheduledTime - MINUTE, upper: scheduledTime };
    expect((await bed.call("GET", `/runs/${taken.body.runId}`)).body).toMatchObject(run);
    expect((await bed.callback({ groupId: "orders", scheduledTime, rerun })).body).toMatchObject({
      runId: taken.body.runId,
      duplicate: true,
    });
  });

  it("of what was merged runs the whole again", async () => {
    const operator = gatedOperator();
    operator.end(SUCCEEDED);
    const bed = await aManager({}, operator);
    const definition = minutes(4, { catchup: "coalesce" });
    await bed.call("PUT", "/schedules/orders", definition);
    await bed.callback({ groupId: "orders" });
    await untilEnded(bed, 1);
    const scheduledTime = definition.startTime + 2 * MINUTE;
    const rerun = { id: "clear-1", select: "all" };
    const { body } = await bed.callback({ groupId: "orders", scheduledTime, rerun });
    const again = await bed.call("GET", `/runs/${body.runId}`);
    const whole = { lower: definition.startTime, upper: definition.startTime + 4 * MINUTE, generation: 1 };
    expect(again.body).toMatchObject(whole);
  });
});

describe("a re-run is refused", () => {
  const rerun = { id: "clear-1", select: "all" };

  it("to an engine that the group is not on, which may fire nevertheless", async () => {
    const { bed } = await withOrders();
    const authorization = { authorization: `Bearer ${DOLPHIN_TOKEN}` };
    const path = "/engines/dolphinscheduler/callbacks";
    expect(await bed.call("POST", path, { groupId: "orders", rerun }, authorization)).toMatchObject({
      status: 403,
      body: { error: { code: "FORBIDDEN", field: "rerun" } },
    });
    const fired = await bed.call<Receipt>("POST", path, { groupId: "orders" }, authorization);
    expect(fired.status).toBe(200);
  });

  it("while the schedule is paused, and is done when it comes again", async () => {
    const { bed, start } = await withOrders();
    const body = { groupId: "orders", scheduledTime: start + MINUTE, rerun };
    await bed.call("POST", "/schedules/orders/pause", { note: "maintenance" });
    expect(await bed.callback(body)).toMatchObject({ status: 409 });
    await bed.call("POST", "/schedules/orders/resume");
    expect(await bed.callback(body)).toMatchObject({ status: 202 });
  });

  it.each([
    [{ id: "", select: "all" }],
    [{ id: "x".repeat(201), select: "all" }],
    [{ id: "clear-1", select: "some" }],
    [{ select: "all" }],
    ["all"],
  ])("that is malformed: %j", async (malformed) => {
    const { bed } = await withOrders();
    expect(await bed.callback({ groupId: "orders", rerun: malformed })).toMatchObject({ status: 400 });
  });
});
