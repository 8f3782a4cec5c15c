import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createTidegate } from "@tidegate/core";
import type { ProbeAnswer } from "@tidegate/core/probe";
import { MemoryStore } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { createManager, type Manager } from "@tidegate/manager";
import { functionOperator } from "@tidegate/operator-function";
import { aQuestion, MINUTE, probeSuite, START } from "@tidegate/testkit";
import { coverageProbe } from "../src/index.js";

const TOKEN = "correct-horse-battery";

let manager: Manager;
let url: string;
beforeAll(async () => {
  const tidegate = createTidegate({
    store: new MemoryStore(),
    engines: [embeddedEngine()],
    operators: [functionOperator({ load: async () => {} })],
  });
  const authorize = ({ headers }: { headers: { authorization?: string } }): boolean =>
    headers.authorization === `Bearer ${TOKEN}`;
  manager = createManager({ tidegate, authorize: authorize as never, logger: false });
  url = await manager.listen();
  await tidegate.client.registerSource({ groupId: "deliveries" });
  await tidegate.client.reportCoverage("deliveries", { lower: START, upper: START + MINUTE });
});
afterAll(() => manager.close());

const ask = (groupId: string, minutes: number, bearer = TOKEN): Promise<ProbeAnswer> =>
  coverageProbe({ managers: { sales: { url, bearer } } }).check(
    aQuestion({ spec: { groupId }, interval: { lower: START, upper: START + minutes * MINUTE } }),
    { now: START, signal: new AbortController().signal },
  );

describe("the probe `coverage`", () => {
  it("asks another Tidegate what a group of it covers", async () => {
    expect(await ask("deliveries", 1)).toEqual({ isReady: true, detail: "deliveries covers the interval" });
    expect(await ask("deliveries", 3)).toEqual({
      isReady: false,
      detail: "deliveries does not cover [2026-01-01T00:01:00.000Z, 2026-01-01T00:03:00.000Z)",
    });
  });

  it("is broken, not waiting, if there is no such group, or it may not ask", async () => {
    await expect(ask("elsewhere", 1)).rejects.toThrow("was answered 404");
    await expect(ask("deliveries", 1, "another-token")).rejects.toThrow(/was answered 40[13]/);
  });

  it("refuses managers that are wrong", () => {
    expect(() => coverageProbe({ managers: { sales: { url: "sales" } } })).toThrow(
      expect.objectContaining({ code: "CONFIGURATION_INVALID", field: "managers.sales.url" }),
    );
  });
});

probeSuite({
  name: "coverage",
  create: async () => ({
    probe: coverageProbe({ managers: { sales: { url, bearer: TOKEN } } }),
    spec: { groupId: "deliveries" },
    refused: [
      ["groupId", {}],
      ["groupId", { groupId: ".." }],
      ["groupId", { groupId: "a/b" }],
      ["manager", { manager: "shop", groupId: "deliveries" }],
      ["url", { groupId: "deliveries", url: "https://elsewhere.example.com" }],
    ],
    ready: {},
    notReady: { interval: { lower: START, upper: START + 2 * MINUTE } },
    broken: { spec: { groupId: "elsewhere" } },
    secrets: [TOKEN],
  }),
});
