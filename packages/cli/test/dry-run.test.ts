import { once } from "node:events";
import { existsSync, mkdirSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createTidegate, type Run, type ScheduleClient, type ScheduleInfo } from "@tidegate/core";
import { MemoryStore } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { createManager, type Manager } from "@tidegate/manager";
import type { Command } from "commander";
import { createProgram } from "../src/program.js";
import { defaultOperators } from "../src/serve/operators.js";
import { Bed, hours, RANGE } from "./bed.js";
import { events, LOG } from "./log-source.js";

const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 0, 1);
const at = (hour: number): number => START + hour * HOUR_MS;

/** Commands that change neither a ledger nor a file, or that only run until they are stopped. */
const READING = [
  "audit",
  "completion",
  "coverage",
  "describe",
  "diff",
  "events",
  "explain",
  "export",
  "get",
  "group-secret",
  "late-data",
  "logs",
  "man",
  "preview",
  "serve",
  "stale",
  "token",
  "version",
];

describe("the commands", () => {
  it("have --dry-run if they write", () => {
    const leavesOf = (command: Command): Command[] =>
      command.commands.length > 0 ? command.commands.flatMap(leavesOf) : [command];
    const writing = createProgram(() => {})
      .commands.filter((command) => ![...READING, "complete"].includes(command.name()))
      .flatMap(leavesOf);
    const without = writing.filter(({ options }) => options.every(({ long }) => long !== "--dry-run"));
    expect(without.map((command) => command.name())).toEqual([]);
    expect(writing).toHaveLength(22);
  });
});

describe("a dry run", () => {
  const bed = new Bed({ inOneProcess: true });
  let jobs: Server;
  let manager: Manager;
  let client: ScheduleClient;
  let failed: Run;
  let gated: Run;
  let planId: string;

  beforeAll(async () => {
    jobs = createServer((request, response) => {
      response
        .writeHead(request.url === "/fail" ? 400 : 200, { "content-type": "application/json" })
        .end(request.url === "/counted" ? '{"metrics":{"rowsWritten":1200,"bytesWritten":52480}}' : "{}");
    }).listen(0, "127.0.0.1");
    await once(jobs, "listening");
    const { port } = jobs.address() as AddressInfo;
    const store = new MemoryStore();
    const tidegate = createTidegate({
      store,
      engines: [embeddedEngine()],
      operators: defaultOperators(),
      offsetProviders: [LOG],
    });
    manager = createManager({ tidegate, logger: false });
    bed.url = await manager.listen();
    client = tidegate.client;
    const info = (groupId: string, more: Partial<ScheduleInfo> = {}, path = "ok"): ScheduleInfo => ({
      groupId,
      trigger: { type: "period", every: 1, unit: "hour" },
      startTime: START,
      endTime: at(4),
      maxAttempts: 1,
      operator: "http",
      job: { url: `http://127.0.0.1:${port}/${path}`, completion: "response" },
      ...more,
    });
    const covered = (groupId: string, hour = 4) =>
      client.coverage(groupId, { lower: START, upper: at(hour) }, { waitMs: 60_000 });

    await client.setPool({ name: "used", slots: 2 });
    await client.setPool({ name: "spare", slots: 1 });
    await client.registerSource({ groupId: "vendor", startTime: START });
    await client.reportCoverage("vendor", { lower: START, upper: at(2), version: "1" });
    await client.registerSource({ groupId: "absent", startTime: START });
    await client.register(info("good", { pool: "used" }));
    await client.register(info("reader", { dependsOn: { groupId: "good" } }));
    await client.register(info("waiting", { dependsOn: { groupId: "absent" } }));
    await client.register(info("broken", {}, "fail"));
    await client.register(
      info("copied", { mode: "full-then-incremental", resnapshotBy: "replace" }, "counted"),
    );
    await client.register(info("sealed"));
    await client.register(info("held"));
    await client.register(info("gone"));
    await client.register(events(`http://127.0.0.1:${port}/ok`));
    for (const groupId of ["good", "reader", "copied", "sealed", "held", "gone"]) await covered(groupId);
    await client.unregister("gone");
    await client.seal("sealed", at(2), "closed");
    const { version } = await client.pause("held", "not now");
    await client.update(info("held", { endTime: at(6) }), { version });
    await client.backfill({ groupId: "held", from: START, to: at(4), select: "all", id: "again" });
    const find = async (groupId: string, wanted: (run: Run) => boolean): Promise<Run> => {
      for (;;) {
        const run = (await client.runs({ groupId })).items.find(wanted);
        if (run !== undefined) return run;
        await covered(groupId, 1);
      }
    };
    failed = await find("broken", ({ state }) => state === "FAILED");
    gated = await find("waiting", ({ place }) => place === "gated");
    planId = (await client.restate({ groupId: "good", from: START, to: at(2) })).planId;
  });
  afterAll(async () => {
    await manager.close();
    jobs.close();
    await bed.close();
  });

  /** Everything that is stored, but for when gates are asked again. */
  const ledger = async (): Promise<unknown> => {
    const statuses = [
      "REGISTERING",
      "REGISTERED",
      "FAILED",
      "PAUSED",
      "DELETING",
      "DELETED",
      "SOURCE",
    ] as const;
    const schedules = (await client.list({ statuses })).items;
    const runs = (await client.runs({}, { limit: 1_000 })).items.map(({ wait: _, ...run }) => run);
    const details = await Promise.all(
      schedules.map(async ({ spec: { groupId } }) => {
        const { backfills, seal, versions } = await client.describe(groupId);
        return { groupId, backfills, seal, versions };
      }),
    );
    return { schedules, runs, details, pools: await client.listPools() };
  };

  const dryRun = (...args: string[]) => bed.run([...args, "--dry-run"]);
  const to = (hour: number): string => new Date(at(hour)).toISOString();

  it("says what would change, in the same form for each command, and changes nothing", async () => {
    const before = await ledger();
    const all = [0, 1, 2, 3].map((hour) => ({ lower: at(hour), upper: at(hour + 1) }));
    const whole = [{ lower: START, upper: at(4) }];
    const expected: readonly (readonly [args: readonly string[], effect: object])[] = [
      [
        ["pause", "good", "--note", "why"],
        {
          action: "pause",
          groupId: "good",
          before: { status: "REGISTERED", statusReason: null },
          after: { status: "PAUSED", statusReason: "why" },
        },
      ],
      [["pause", "held", "--note", "not now"], { action: "none" }],
      [
        ["resume", "held"],
        {
          action: "resume",
          before: { status: "PAUSED" },
          after: { status: "REGISTERING", statusReason: null },
          intervals: [{ lower: at(4), upper: at(6) }],
        },
      ],
      [["resume", "good"], { action: "none", before: { status: "REGISTERED" } }],
      [
        ["move", "good", "--engine", "embedded"],
        { action: "none", before: { engine: "embedded", version: 1 } },
      ],
      [
        ["delete", "waiting"],
        { action: "delete", after: { status: "DELETING" }, notes: [expect.stringContaining("planned run")] },
      ],
      [["delete", "good", "--purge", "--force"], { action: "purge", before: { runs: 4 }, after: null }],
      [
        ["sources", "set", "shop", "--label", "team=sales", "--freshness", "26h"],
        { action: "create", groupId: "shop", before: null, after: { labels: { team: "sales" } } },
      ],
      [
        ["sources", "set", "vendor", "--timezone", "Europe/Berlin"],
        {
          action: "update",
          before: { timezone: "UTC" },
          after: { timezone: "Europe/Berlin", startTime: START },
        },
      ],
      [["sources", "set", "vendor"], { action: "none" }],
      [["delete", "vendor", "--purge"], { action: "purge", groupId: "vendor", after: null }],
      [["trigger", "good", ...RANGE], { action: "trigger", after: { runs: 4 }, intervals: all }],
      [["trigger", "good"], { action: "trigger", after: { runs: 1 }, intervals: [all[3]] }],
      [["trigger", "held"], { action: "trigger", intervals: [{ lower: at(4), upper: at(6) }] }],
      [
        ["trigger", "events", "--drain"],
        { after: { offsets: { lower: { "0": "0" }, upper: { "0": "1200" } } } },
      ],
      [
        ["trigger", "sealed", ...RANGE, "--force"],
        { action: "trigger", groupId: "sealed", after: { runs: 4 } },
      ],
      [
        ["mark-ready", gated.id, "--note", "seen"],
        { action: "mark-ready", runId: gated.id, after: { place: "ready", markedReady: { note: "seen" } } },
      ],
      [
        ["retry", failed.id, "--latest"],
        {
          action: "retry",
          runId: failed.id,
          before: { state: "FAILED" },
          after: { state: "PLANNED", attempt: 0 },
        },
      ],
      [["retry", "--group", "broken"], { action: "retry", groupId: "broken", runId: failed.id }],
      [
        ["cancel", failed.id],
        { action: "cancel", before: { state: "FAILED" }, after: { state: "CANCELLED" } },
      ],
      [
        ["cancel", gated.id],
        { action: "cancel", before: { state: "PLANNED" }, after: { state: "CANCELLED" } },
      ],
      [
        ["cancel", "--backfill", "again"],
        { action: "cancel", groupId: "held", backfillId: "again", after: { state: "CANCELLED" } },
      ],
      [
        ["backfill", "good", ...RANGE, "--select", "all"],
        { action: "backfill", groupId: "good", after: { runs: 4 }, intervals: whole },
      ],
      [["backfill", "good", ...RANGE], { action: "none", after: { runs: 0 } }],
      [
        ["restate", "good", ...RANGE, "--cascade", "downstream"],
        { action: "restate", groupId: "good", after: { runs: 4 }, intervals: whole },
      ],
      [["apply-plan", planId], { action: "restate", groupId: "good", after: { runs: 2 } }],
      [
        ["seal", "sealed", "--until", to(4), "--note", "more"],
        {
          action: "seal",
          before: { through: at(2), note: "closed" },
          after: { through: at(4), note: "more" },
          intervals: [{ lower: at(2), upper: at(4) }],
        },
      ],
      [
        ["report", "vendor", "--from", to(1), "--to", to(3)],
        { action: "report", intervals: [{ lower: at(2), upper: at(3) }] },
      ],
      [
        ["report", "vendor", "--from", to(1), "--to", to(3), "--data-version", "2"],
        {
          intervals: [
            { lower: at(1), upper: at(2) },
            { lower: at(2), upper: at(3) },
          ],
        },
      ],
      [["report", "vendor", "--from", to(0), "--to", to(2)], { action: "none", intervals: [] }],
      [
        ["rebase", "events", "--start-at", '{"0":"600"}'],
        {
          action: "rebase",
          before: { version: 1 },
          after: { version: 2, startAt: { offsets: { "0": "600" } } },
        },
      ],
      [
        ["import-offsets", "events", "--offsets", '{"0":"640"}'],
        { action: "rebase", after: { offsets: { "0": "640" } } },
      ],
      [
        ["resnapshot", "copied"],
        {
          action: "resnapshot",
          groupId: "copied",
          after: { state: "PLANNED" },
          notes: ["The copy before wrote 1,200 rows (52,480 bytes), and runs since then 0 rows."],
        },
      ],
      [
        ["pools", "set", "used", "--slots", "1"],
        { action: "update", pool: "used", before: { slots: 2 }, after: { slots: 1 } },
      ],
      [["pools", "set", "fresh", "--slots", "3"], { action: "create", before: null, after: { slots: 3 } }],
      [["pools", "set", "spare", "--slots", "1"], { action: "none" }],
      [["pools", "delete", "spare"], { action: "delete", pool: "spare", after: null }],
    ];
    const outcomes = await bed.runAll(expected.map(([args]) => [...args, "--dry-run"]));
    for (const [index, [args, effect]] of expected.entries()) {
      const { code, stdout, stderr } = outcomes[index]!;
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: "" });
      const [first] = JSON.parse(stdout) as readonly object[];
      expect({ args, ...first }).toMatchObject({ args, ...effect });
      expect(Object.keys(first!)).toEqual(
        expect.arrayContaining(["action", "summary", "before", "after", "notes"]),
      );
    }
    expect(await ledger()).toEqual(before);
  });

  it("of a file says what would be created or updated", async () => {
    const { stdout } = await bed.run(["apply", "-", "--dry-run"], { input: hours("fresh") });
    expect(JSON.parse(stdout)).toMatchObject([
      { action: "create", groupId: "fresh", before: null, after: { version: 1 } },
    ]);
    const { stdout: exported } = await bed.run(["export", "good"]);
    const input = exported.replace("maxAttempts: 1", "maxAttempts: 2");
    const changed = await bed.run(["apply", "-", "--dry-run"], { input });
    expect(JSON.parse(changed.stdout)).toMatchObject([
      {
        action: "update",
        before: { version: 1 },
        after: { version: 2 },
        differences: [{ field: "maxAttempts" }],
      },
    ]);
  });

  it("writes sentences for people, and says that nothing was changed", async () => {
    const { stdout, stderr } = await dryRun("seal", "sealed", "--until", to(4), "-o", "table");
    expect({ stdout, stderr }).toEqual({
      stdout: `sealed would be sealed up to 2026-01-01T04:00:00Z; it is sealed up to 2026-01-01T02:00:00Z.
  2026-01-01T02:00:00Z/2026-01-01T04:00:00Z
`,
      stderr: "Nothing was changed.\n",
    });
  });

  it("is refused as the command itself is", async () => {
    const done = (await client.runs({ groupId: "good" })).items[0]!.id;
    const before = await ledger();
    const refused: readonly (readonly string[])[] = [
      ["pause", "vendor"],
      ["pause", "nobody"],
      ["move", "good", "--engine", "airflow"],
      ["delete", "good"],
      ["trigger", "sealed", ...RANGE],
      ["trigger", "good", "--drain"],
      ["trigger", "good", "--from", to(0.5), "--to", to(2)],
      ["trigger", "good", "--from", to(3), "--to", to(9)],
      ["trigger", "gone"],
      ["trigger", "gone", ...RANGE],
      ["backfill", "gone", ...RANGE, "--select", "all"],
      ["mark-ready", done],
      ["retry", done],
      ["cancel", done],
      ["cancel", "--backfill", "nothing"],
      ["backfill", "sealed", ...RANGE, "--select", "all"],
      ["restate", "sealed", ...RANGE],
      ["apply-plan", "nothing"],
      ["apply-plan", planId.replace(/.$/, (digit) => (digit === "0" ? "1" : "0"))],
      ["seal", "good", "--until", to(5)],
      ["seal", "sealed", "--until", to(1)],
      ["seal", "held", "--until", to(2)],
      ["sources", "set", "good"],
      ["report", "good", "--from", to(0), "--to", to(1)],
      ["rebase", "good", "--start-at", "latest", "--yes"],
      ["resnapshot", "good", "--yes"],
      ["pools", "delete", "used"],
      ["pools", "delete", "nothing"],
    ];
    const codeOf = (text: string): string => text.split(":")[0]!;
    const outcomes = await bed.runAll(refused.flatMap((args) => [args, [...args, "--dry-run"]]));
    for (const [index, args] of refused.entries()) {
      const real = outcomes[2 * index]!;
      const { code, stdout, stderr } = outcomes[2 * index + 1]!;
      expect({ args, code, stdout, reason: codeOf(stderr) }).toEqual({
        args,
        code: real.code,
        stdout: "",
        reason: codeOf(real.stderr),
      });
      expect({ args, code }).not.toEqual({ args, code: 0 });
    }
    // A manager finds a malformed name in the request, and a store in the pool.
    const named = ["pools", "set", "a pool", "--slots", "1"];
    expect(await bed.runAll([named, [...named, "--dry-run"]])).toMatchObject([{ code: 2 }, { code: 2 }]);
    expect(await ledger()).toEqual(before);
  });

  it("of a copied file writes none", async () => {
    mkdirSync(join(bed.folder, "dags"));
    const { stdout } = await dryRun("dag-factory", "--into", "dags");
    const [{ file, action }] = JSON.parse(stdout) as [{ readonly file: string; readonly action: string }];
    expect(action).toBe("create");
    expect(existsSync(join(bed.folder, file))).toBe(false);
    bed.write("some.db", "a database");
    expect(JSON.parse((await dryRun("backup", "some.db", "copy.db")).stdout)).toMatchObject([
      { action: "create", file: "copy.db", before: null, after: { bytes: 10 } },
    ]);
    expect(existsSync(join(bed.folder, "copy.db"))).toBe(false);
    expect(await dryRun("backup", "none.db", "copy.db")).toMatchObject({ code: 5 });
    expect(await dryRun("backup", "some.db", "some.db")).toMatchObject({ code: 5 });
  });

  it("foretells what the command does", async () => {
    const foretold: readonly (readonly [args: readonly string[], seen: () => Promise<unknown>])[] = [
      [["pause", "reader", "--note", "why"], async () => client.get("reader")],
      [["retry", failed.id], async () => client.getRun(failed.id)],
      [["cancel", gated.id], async () => client.getRun(gated.id)],
      [["cancel", "--backfill", "again"], async () => client.getBackfill("again")],
      [
        ["seal", "sealed", "--until", to(4), "--note", "more"],
        async () => (await client.describe("sealed")).seal,
      ],
      [["pools", "set", "spare", "--slots", "2"], async () => (await client.listPools())[0]],
      [
        ["sources", "set", "shop", "--freshness", "26h", "--start-time", to(0)],
        async () => (await client.get("shop")).spec,
      ],
      [["delete", "waiting"], async () => ({ runs: 4, status: "DELETING" })],
    ];
    const ran = await bed.runAll(foretold.flatMap(([args]) => [[...args, "--dry-run"], args]));
    for (const [index, [args, seen]] of foretold.entries()) {
      const [effect] = JSON.parse(ran[2 * index]!.stdout) as [{ readonly after: object }];
      // A run that is retried may have been claimed by now.
      const { state: _, attempt: __, ...after } = effect.after as { state?: string; attempt?: number };
      expect(ran[2 * index + 1]).toMatchObject({ code: 0 });
      expect(await seen()).toMatchObject(args[0] === "retry" ? after : effect.after);
    }
  });
});
