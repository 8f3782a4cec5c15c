import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createTidegate } from "@tidegate/core";
import { MemoryStore } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { createManager, type Manager } from "@tidegate/manager";
import { createHttpOperator } from "@tidegate/operator-http";
import { Bed } from "./bed.js";
import { events, LOG } from "./log-source.js";

const RANGE = ["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-02T00:00:00Z"];

describe("the sources of groups", () => {
  const bed = new Bed({ inOneProcess: true });
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
    await client.register(events("https://jobs.example.com/"));
  });
  afterAll(async () => {
    await manager.close();
    await bed.close();
  });

  it("are registered, changed and found", async () => {
    const set = ["sources", "set", "shop", "--timezone", "Europe/Berlin"];
    const first = await bed.run([...set, "--start-time", "2026-01-01T00:00:00Z", "-o", "table"]);
    expect(first).toMatchObject({
      code: 0,
      stdout: "shop is a source group; report what it covers.\n",
    });
    const { stdout } = await bed.run([...set, "--label", "team=sales", "--freshness", "26h"]);
    expect(JSON.parse(stdout)).toMatchObject({
      status: "SOURCE",
      spec: {
        startTime: Date.parse("2026-01-01T00:00:00Z"),
        labels: { team: "sales" },
        freshness: { maxLagMs: 93_600_000 },
      },
    });
    const listed = await bed.run(["get", "schedules", "--status", "SOURCE", "--label", "team=sales"]);
    expect(JSON.parse(listed.stdout)).toMatchObject([{ spec: { groupId: "shop" } }]);
    expect(await bed.run(["sources", "set", "shop", "--label", "sales"])).toMatchObject({ code: 2 });
    expect(await bed.run(["sources", "set", "events"])).toMatchObject({ code: 4 });
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

  it("are taken over from another tool, once that is confirmed", async () => {
    const take = ["import-offsets", "events"];
    expect((await bed.run([...take, "--offsets", '{"0":"640"}'])).code).toBe(2);
    const taken = await bed.run([...take, "--offsets", '{"0":"640"}', "--yes", "-o", "table"]);
    expect(taken).toMatchObject({ code: 0, stdout: 'events is read from {"0":"640"} on.\n' });
    const both = await bed.run([...take, "--offsets", "{}", "--singer", "{}", "--yes"]);
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining("give exactly one of them") });
    const missing = await bed.run([...take, "--dlt", "/nowhere.json", "--yes"]);
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining("--dlt: ") });
  });

  it("are copied anew only if the group makes copies", async () => {
    const refused = await bed.run(["resnapshot", "events", "--yes"]);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('snapshots need "full-then-incremental"');
  });
});
