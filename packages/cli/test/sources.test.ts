import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createTidegate } from "@tidegate/core";
import type { OffsetProvider } from "@tidegate/core/offset";
import { MemoryStore } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { createManager, type Manager } from "@tidegate/manager";
import { createHttpOperator } from "@tidegate/operator-http";
import { Bed } from "./bed.js";

const LOG: OffsetProvider = {
  sourceType: "log",
  bounds: async () => ({
    earliest: { "0": "0" },
    latest: { "0": "1200" },
    incarnation: "first",
    at: Date.now(),
  }),
  compare: (_partition, a, b) => Number(a) - Number(b),
};

const RANGE = ["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-02T00:00:00Z"];

describe("the sources of groups", () => {
  const bed = new Bed();
  let manager: Manager;

  beforeAll(async () => {
    const tidegate = createTidegate({
      store: new MemoryStore(),
      engines: [embeddedEngine()],
      operators: [createHttpOperator({ allow: ["jobs.example.com"] })],
      offsetProviders: [LOG],
    });
    manager = createManager({ tidegate, logger: false });
    bed.url = await manager.listen();
    const { client } = tidegate;
    await client.registerSource({ groupId: "vendor", startTime: "2026-01-01T00:00:00Z" });
    await client.register({
      groupId: "events",
      trigger: { type: "once", at: Date.UTC(2126, 0, 1) },
      boundaryType: "OFFSET",
      source: { type: "log" },
      startAt: "earliest",
      job: { url: "https://jobs.example.com/", completion: "response" },
    });
  });
  afterAll(async () => {
    await manager.close();
    await bed.close();
  });

  it("are reported as complete, once", async () => {
    const first = await bed.run(["report", "vendor", ...RANGE, "--data-version", "1", "-o", "table"]);
    expect(first).toMatchObject({
      code: 0,
      stdout: "Reported: 2026-01-01T00:00:00Z/2026-01-02T00:00:00Z\n",
    });
    const again = await bed.run(["report", "vendor", ...RANGE, "--data-version", "1", "-o", "table"]);
    expect(again).toMatchObject({ code: 0, stdout: "All of it was reported before.\n" });
    expect((await bed.run(["coverage", "vendor", ...RANGE])).code).toBe(0);
  });

  it("are read from elsewhere, once that is confirmed", async () => {
    await bed.run(["pause", "events"]);
    const at = ["rebase", "events", "--start-at"];
    expect(await bed.run([...at, "latest"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--yes"),
    });
    const rebased = await bed.run([...at, '{"0":"600"}', "--note", "skip the test data", "--yes"]);
    expect(rebased).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(rebased.stdout)).toMatchObject({ spec: { groupId: "events" } });
    expect(await bed.run([...at, "{0}", "--yes"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--start-at: must be an object in JSON."),
    });
    expect((await bed.run([...at, "sometimes", "--yes"])).code).toBe(2);
  });
});
