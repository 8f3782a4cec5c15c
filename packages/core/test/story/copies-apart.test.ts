import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { HOUR, MINUTE, T0 } from "../support/instants.js";
import { hourly } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { World } from "../support/world.js";

let world: World;

beforeEach(async () => {
  world = await World.start();
  world.operator.writesOf = () => "replace";
  world.operator.replacesTarget = () => true;
});
afterEach(() => world.stop());

const full = (more: Partial<ScheduleInfo> = {}): ScheduleInfo =>
  hourly("g", { mode: "full", catchup: "each", overlap: "queue", onFailure: "continue", ...more });

/** The jobs that were submitted, by mode and the hour up to which they read. */
const submitted = (): string[] =>
  world.operator.submissions.map(({ mode, upperBound }) => `${mode} ${(Number(upperBound) - T0) / HOUR}`);

const states = async (): Promise<string[]> => (await world.runs("g")).map(({ state }) => state);

async function change(info: ScheduleInfo): Promise<void> {
  const { version } = await world.client.get("g");
  await world.client.update(info, { version });
}

/** A copy up to one hour that a person has asked for once more, and that is at work. */
async function copyAtWork(): Promise<string> {
  await world.client.register(full());
  await world.fireAt("g", T0 + HOUR);
  world.operator.answer = ({ kind }) => (kind === "MANUAL" ? "runs" : SUCCEEDED);
  const [run] = await world.client.trigger("g", { lower: T0, upper: T0 + HOUR });
  await world.settle();
  return run!.id;
}

describe("a full copy that replaces the whole target", () => {
  it("is at work alone: a later copy waits for it, and says so", async () => {
    const key = await copyAtWork();
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(submitted()).toEqual(["full 1", "full 1"]);
    const waiting = (await world.runs("g")).at(-1)!;
    expect(waiting).toMatchObject({ state: "PLANNED", attempt: 0 });
    expect((await world.client.explain(waiting.id)).reasons.join()).toContain(`Run ${key} is at work`);
    world.operator.end(key, SUCCEEDED);
    await world.advance(MINUTE);
    expect(submitted()).toEqual(["full 1", "full 1", "full 2"]);
  });

  it("is not removed from under increments: after an update of the mode, they wait for it", async () => {
    const key = await copyAtWork();
    await change({ ...full({ overlap: "allow", maxActiveRuns: 3 }), mode: "incremental" });
    await world.fireAt("g", T0 + 3 * HOUR);
    expect(submitted()).toEqual(["full 1", "full 1"]);
    world.operator.end(key, SUCCEEDED);
    await world.advance(MINUTE);
    expect(submitted().slice(2).sort()).toEqual(["incremental 2", "incremental 3"]);
  });

  it("waits for what is at work: an older one yields to the copy that has succeeded meanwhile", async () => {
    world.operator.answer = ({ upperBound }) =>
      upperBound === String(T0 + HOUR) ? failed("disk full", false) : "runs";
    await world.client.register(full());
    await world.fireAt("g", T0 + 2 * HOUR);
    const [older, newer] = await world.runs("g");
    world.operator.answer = () => SUCCEEDED;
    await world.client.backfill({ groupId: "g", from: T0, to: T0 + HOUR, select: "failed" });
    await world.advance(MINUTE);
    expect(submitted()).toEqual(["full 1", "full 2"]);
    world.operator.end(newer!.id, SUCCEEDED);
    await world.advance(2 * MINUTE);
    expect(submitted()).toEqual(["full 1", "full 2"]);
    const again = (await world.runs("g")).find(({ kind }) => kind === "BACKFILL");
    expect(again).toMatchObject({ lower: older!.lower, state: "SUCCEEDED", reason: "snapshot-covered" });
  });

  it("is stopped before increments begin, if its run has failed and its job may still end", async () => {
    world.operator.answer = ({ mode }) =>
      mode === "full" ? { throws: new Error("lost"), hasStarted: true } : SUCCEEDED;
    world.operator.cancelFailure = new Error("away");
    await world.client.register(full({ maxAttempts: 1 }));
    await world.fireAt("g", T0 + HOUR);
    await change({ ...full(), mode: "incremental" });
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(submitted()).toEqual(["full 1"]);
    world.operator.cancelFailure = undefined;
    await world.advance(MINUTE);
    expect(submitted()).toEqual(["full 1", "incremental 2"]);
    expect(world.operator.running).toEqual([]);
  });

  it("counts as made if its job has succeeded although its run has failed: an older one yields", async () => {
    world.operator.answer = ({ upperBound }) =>
      upperBound === String(T0 + HOUR)
        ? failed("disk full", false)
        : { throws: new Error("lost"), hasStarted: true };
    await world.client.register(full({ maxAttempts: 1 }));
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(await states()).toEqual(["FAILED", "FAILED"]);
    const [older, newer] = await world.runs("g");
    world.operator.end(newer!.id, SUCCEEDED);
    world.operator.answer = () => SUCCEEDED;
    await world.client.retryRun(older!.id);
    await world.advance(MINUTE);
    expect(submitted()).toEqual(["full 1", "full 2"]);
    expect(await states()).toEqual(["SUCCEEDED", "SUCCEEDED"]);
  });

  it("counts as made before the next one begins, if its job has succeeded although its run has failed", async () => {
    world.operator.answer = () => ({ throws: new Error("lost"), hasStarted: true });
    await world.client.register(full({ maxAttempts: 1 }));
    await world.fireAt("g", T0 + HOUR);
    world.operator.end((await world.runs("g"))[0]!.id, SUCCEEDED);
    world.operator.answer = () => SUCCEEDED;
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(submitted()).toEqual(["full 1", "full 2"]);
    expect(await states()).toEqual(["SUCCEEDED", "SUCCEEDED"]);
  });

  it("is not replaced by a snapshot that failed before it, and is retried", async () => {
    world.operator.answer = () => failed("disk full", false);
    await world.client.register({ ...full(), mode: "full-then-incremental" });
    await world.fireAt("g", T0 + HOUR);
    world.operator.answer = () => ({ throws: new Error("lost"), hasStarted: true });
    await change(full({ maxAttempts: 1 }));
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(await states()).toEqual(["FAILED", "FAILED"]);
    const [snapshot, copy] = await world.runs("g");
    world.operator.end(copy!.id, SUCCEEDED);
    world.operator.answer = () => SUCCEEDED;
    await world.client.retryRun(snapshot!.id);
    await world.advance(MINUTE);
    expect(submitted()).toEqual(["full 1", "full 2"]);
    expect(await states()).toEqual(["SUCCEEDED", "SUCCEEDED"]);
  });

  it("yields to an increment whose job has succeeded, although both are retried", async () => {
    world.operator.answer = () => failed("disk full", false);
    await world.client.register(full());
    await world.fireAt("g", T0 + HOUR);
    world.operator.answer = () => ({ throws: new Error("lost"), hasStarted: true });
    await change({ ...full({ maxAttempts: 1 }), mode: "incremental" });
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(await states()).toEqual(["FAILED", "FAILED"]);
    const [older, newer] = await world.runs("g");
    // The copy waits for the end of the increment's job, and the increment for the copy.
    world.operator.cancelFailure = new Error("away");
    for (const { id } of [older!, newer!]) {
      await world.client.retryRun(id);
      await world.settle();
    }
    world.operator.end(newer!.id, SUCCEEDED);
    world.operator.answer = () => SUCCEEDED;
    world.operator.cancelFailure = undefined;
    await world.advance(MINUTE);
    expect(submitted()).toEqual(["full 1", "incremental 2"]);
    expect(await states()).toEqual(["FAILED", "SUCCEEDED"]);
  });

  it("has the rows of increments before it: retried, they need no job of their own", async () => {
    world.operator.answer = () => failed("disk full", false);
    await world.client.register({ ...full(), mode: "incremental" });
    await world.fireAt("g", T0 + HOUR);
    world.operator.answer = () => SUCCEEDED;
    await change(full());
    await world.fireAt("g", T0 + 2 * HOUR);
    await world.client.retryRun((await world.runs("g"))[0]!.id);
    await world.settle();
    expect(submitted()).toEqual(["incremental 1", "full 2"]);
    expect((await world.runs("g"))[0]).toMatchObject({ state: "SUCCEEDED", reason: "snapshot-covered" });
    const [again] = await world.client.trigger("g", { lower: T0, upper: T0 + HOUR });
    await world.settle();
    expect((await world.client.getRun(again!.id)).state).toBe("SUCCEEDED");
  });

  it("costs increments of a schedule that never made one nothing", async () => {
    const asked: unknown[] = [];
    const { listRuns, listVersions } = world.store;
    world.store.listRuns = (filter, page) => {
      asked.push(filter);
      return listRuns.call(world.store, filter, page);
    };
    world.store.listVersions = (groupId) => {
      asked.push(groupId);
      return listVersions.call(world.store, groupId);
    };
    await world.client.register(hourly("g"));
    asked.length = 0;
    await world.fireAt("g", T0 + 2 * HOUR);
    expect(asked).toEqual([]);
    expect(await states()).toEqual(["SUCCEEDED", "SUCCEEDED"]);
  });
});
