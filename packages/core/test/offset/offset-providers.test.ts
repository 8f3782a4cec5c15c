import { describe, expect, it } from "@jest/globals";
import type { OffsetBounds, OffsetProvider } from "../../src/offset/offset-provider.js";
import { OffsetProviders } from "../../src/offset/offset-providers.js";
import { World } from "../support/world.js";

const CONTEXT = { now: 7, signal: new AbortController().signal };

const RIGHT: OffsetBounds = { earliest: { "0": "1" }, latest: { "0": "2" }, incarnation: "a", at: 7 };

const topic = (answer: unknown = RIGHT, sourceType = "topic"): OffsetProvider => ({
  sourceType,
  validate: ({ name }) => {
    if (typeof name !== "string") throw Object.assign(new Error("is required"), { field: "name" });
  },
  bounds: async () => answer as OffsetBounds,
  compare: (_, a, b) => Number(a) - Number(b),
});

describe("a schedule's source", () => {
  const providers = new OffsetProviders([topic()]);

  it("names its provider", async () => {
    providers.check({ type: "topic", name: "orders" });
    expect(await providers.bounds({ type: "topic", name: "orders" }, CONTEXT)).toEqual(RIGHT);
  });

  it("is refused with the field, by its provider or if there is none", () => {
    expect(() => providers.check({ type: "topic" })).toThrow(
      expect.objectContaining({ code: "SCHEDULE_INVALID", field: "source.name" }),
    );
    expect(() => providers.check({ type: "table" })).toThrow(
      expect.objectContaining({
        code: "SOURCE_UNKNOWN",
        field: "source.type",
        message: 'source.type: no provider "table" is installed; known: topic.',
      }),
    );
  });

  it("has the data of another one if its provider says so; of one of another provider, never", () => {
    const dataOf: OffsetProvider["dataOf"] = ({ name }) => {
      if (name === undefined) throw new Error("name: is required");
      return { name };
    };
    const some = new OffsetProviders([{ ...topic(), dataOf }, topic(RIGHT, "plain")]);
    const orders = { type: "topic", name: "orders" };
    expect(some.haveSameData(orders, { ...orders, waitMs: 5 })).toBe(true);
    expect(some.haveSameData(orders, { ...orders, name: "returns" })).toBe(false);
    expect(some.haveSameData(orders, { ...orders, type: "plain" })).toBe(false);
    expect(some.haveSameData({ type: "topic", waitMs: 5 }, { type: "topic", waitMs: 5 })).toBe(true);
    expect(some.haveSameData({ type: "plain", waitMs: 5 }, { type: "plain", waitMs: 6 })).toBe(false);
    expect(some.haveSameData({ type: "gone", a: [1] }, { type: "gone", a: [1] })).toBe(true);
  });

  it.each<[string, unknown]>([
    ["nothing", null],
    ["numbers for positions", { ...RIGHT, latest: { "0": 2 } }],
    ["no incarnation", { ...RIGHT, incarnation: "" }],
    ["no instant", { ...RIGHT, at: Number.NaN }],
    ["a room that is no whole number", { ...RIGHT, room: { written: "1.5", limit: "2" } }],
    ["a partition without a beginning", { ...RIGHT, latest: { "0": "2", "1": "2" } }],
    ["another partition", { ...RIGHT, latest: { constructor: "2" } }],
    ["an end before its beginning", { ...RIGHT, latest: { "0": "0" } }],
  ])("is not planned by an answer of %s", async (_, answer) => {
    const asked = new OffsetProviders([topic(answer)]).bounds({ type: "topic" }, CONTEXT);
    await expect(asked).rejects.toMatchObject({ code: "SOURCE_UNAVAILABLE" });
  });
});

describe("providers of a manager", () => {
  it("are opened and closed with it", async () => {
    const calls: string[] = [];
    const start = (): void => void calls.push("start");
    const stop = (): void => void calls.push("stop");
    const world = await World.start({ offsetProviders: [{ ...topic(), start, stop }] });
    await world.stop();
    expect(calls).toEqual(["start", "stop"]);
  });

  it.each([
    ["two of one type", [topic(), topic(RIGHT, "TOPIC")]],
    ["a malformed type", [topic(RIGHT, "a b")]],
    ["no provider", [{ sourceType: "topic" } as never]],
  ])("are refused: %s", async (_, offsetProviders) => {
    await expect(World.start({ offsetProviders })).rejects.toMatchObject({
      code: "CONFIGURATION_INVALID",
      field: "offsetProviders",
    });
  });
});
