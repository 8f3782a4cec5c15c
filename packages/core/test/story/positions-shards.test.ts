import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { SourceError } from "../../src/errors/errors.js";
import type { ScheduleInfo } from "../../src/schedule/schedule.js";
import { HOUR, MINUTE, T0 } from "../support/instants.js";
import { byPositions } from "../support/schedules.js";
import { failed, SUCCEEDED } from "../support/scripted-operator.js";
import { ScriptedSource } from "../support/scripted-source.js";
import { SplittingOperator } from "../support/splitting-operator.js";
import { World } from "../support/world.js";

const BACKOFF = { initialMs: 10 * MINUTE, maxMs: 10 * MINUTE };

let world: World;
let source: ScriptedSource;
let operator: SplittingOperator;
/** Keys of the shards whose jobs fail. */
let broken: Set<string>;

beforeEach(async () => {
  source = new ScriptedSource("log", { "0": 10, "1": 10 });
  operator = new SplittingOperator();
  broken = new Set(["1"]);
  operator.answerSplit = () => ({
    shards: ["0", "1"].map((key) => ({ key, args: { lower: { [key]: "0" }, upper: { [key]: "10" } } })),
  });
  operator.answer = ({ shard }) => (broken.has(shard!.key) ? failed("down") : SUCCEEDED);
});
afterEach(() => world.stop());

/** A run with two shards; the one of partition 1 has failed, and its next attempt is ten minutes away. */
async function retrying(more: Partial<ScheduleInfo> = {}): Promise<void> {
  world = await World.start({ offsetProviders: [source], operator });
  await world.client.register(byPositions("g", { shards: {}, backoff: BACKOFF, maxAttempts: 1, ...more }));
  await world.fireAt("g", T0 + HOUR);
  expect(operator.submitted).toEqual(["0", "1"]);
  broken.clear();
}

async function goOn(): Promise<void> {
  await world.advance(11 * MINUTE);
  await world.settle();
}

const first = async () => (await world.runs("g"))[0]!;

describe("a shard that is tried again after its source lost positions", () => {
  it("fails its run without being submitted, although the run has attempts left", async () => {
    await retrying({ maxAttempts: 5 });
    source.expire("1", 3);
    await goOn();
    expect(operator.submitted).toEqual(["0", "1"]);
    expect(await first()).toMatchObject({
      state: "FAILED",
      isJobOpen: false,
      error: {
        code: "OFFSETS_EXPIRED",
        message: expect.stringMatching(/partition 1 \[0, 3\)\. Make them readable again and retry the run/),
      },
    });
    expect(operator.merged).toEqual([]);
  });

  it("is submitted if only positions of other shards are gone, which have read them", async () => {
    await retrying();
    source.expire("0", 10);
    await goOn();
    expect(operator.submitted).toEqual(["0", "1", "1"]);
    expect(await first()).toMatchObject({ state: "SUCCEEDED" });
  });

  it("is compared by all positions of its run if it does not say which are its own", async () => {
    operator.answerSplit = () => ({
      shards: [
        { key: "0", args: {} },
        { key: "1", args: { lower: "0", upper: "9" } },
      ],
    });
    await retrying();
    source.expire("0", 10);
    await goOn();
    expect(await first()).toMatchObject({ state: "FAILED", error: { code: "OFFSETS_EXPIRED" } });
  });

  it("lets the next plan read what is left with onLoss: record, since nothing was merged", async () => {
    await retrying({ onLoss: "record" });
    source.expire("1", 3);
    operator.answerSplit = () => ({ shards: [{ key: "rest", args: {} }] });
    await goOn();
    await world.settle();
    const runs = await world.runs("g", { includeSuperseded: false });
    expect(
      runs.map(({ state, reason, offsets }) => [reason ?? state, offsets!.lower, offsets!.upper]),
    ).toEqual([
      ["source-expired", { "1": "0" }, { "1": "3" }],
      ["SUCCEEDED", { "0": "0", "1": "3" }, { "0": "10", "1": "10" }],
    ]);
    expect((await world.client.audit("g")).isSound).toBe(true);
  });

  it("fails its run with onLoss: record, too, if rows of other shards are in the target already", async () => {
    Object.defineProperty(operator, "merge", { value: undefined });
    await retrying({ onLoss: "record" });
    source.expire("1", 3);
    await goOn();
    expect(await first()).toMatchObject({ state: "FAILED", error: { code: "OFFSETS_EXPIRED" } });
  });

  it("waits while the source cannot be asked, without using up its attempts", async () => {
    await retrying({ shards: { maxAttempts: 2 } });
    source.failure = new SourceError("SOURCE_UNAVAILABLE", "away");
    await goOn();
    await world.advance(30 * MINUTE);
    expect(operator.submitted).toEqual(["0", "1"]);
    expect(await first()).toMatchObject({ state: "RUNNING" });
    source.failure = undefined;
    await world.advance(30 * MINUTE);
    await world.settle();
    expect(operator.submitted).toEqual(["0", "1", "1"]);
    expect(await first()).toMatchObject({ state: "SUCCEEDED" });
  });

  it("is read once the positions are there again and a person retries the run", async () => {
    await retrying();
    source.expire("1", 3);
    await goOn();
    source.expire("1", 0);
    await world.client.retryRun((await first()).id);
    await world.advance(MINUTE);
    await world.settle();
    expect(operator.submitted).toEqual(["0", "1", "1"]);
    expect(await first()).toMatchObject({ state: "SUCCEEDED" });
  });
});
