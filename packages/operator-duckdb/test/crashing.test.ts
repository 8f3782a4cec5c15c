import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { untroubled } from "@tidegate/testkit";
import { Bed, HOUR, type RunSpec, requestOf } from "./bed.js";
import type { Order } from "./crash/child.js";
import { partOf, shardsOf } from "./shards.js";

const START = Date.UTC(2026, 0, 1);
const NAME = "20260101T000000.000Z_20260101T010000.000Z";
const MOST_CHANGES = 50;

const OLD = ["a", "b"];
const NEW = ["c", "d", "e"];

/** Runs a job in a process of its own. Resolves with its exit code, `null` when it was killed. */
async function runInChild(order: Order): Promise<number | null> {
  const file = (name: string) => fileURLToPath(new URL(`./crash/${name}`, import.meta.url));
  const options = ["--no-warnings", "--import", file("run-source.mjs"), file("child.ts")];
  const child = spawn(process.execPath, [...options, JSON.stringify(order)], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, NODE_OPTIONS: "" },
  });
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}

function jobOf(bed: Bed, ids: readonly string[]): JsonObject {
  const lines = ids.map((id) => `${id},2026-01-01T00:30:00Z,1`);
  const bad = [`bad ${ids[0]},2026-01-01T00:40:00Z,none`, `lost ${ids[0]},never,1`];
  const path = bed.write("in.csv", ["id,time,value", ...lines, ...bad, ""].join("\n"));
  const columns = { id: "VARCHAR", time: "TIMESTAMP", value: "INTEGER" };
  return { source: { format: "csv", path, timeColumn: "time", columns }, target: { path: bed.target } };
}

/** Re-runs an interval in a process that dies before a change, and checks what it leaves and what comes of it. */
async function crashAndRecover(crashBefore: number): Promise<"crashed" | "ended"> {
  const bed = new Bed({ threads: 1 });
  try {
    const interval = { lower: START, upper: START + HOUR };
    await bed.run({ job: jobOf(bed, OLD), ...interval });
    const rerun: RunSpec = { job: jobOf(bed, NEW), ...interval, generation: 1 };
    const request = requestOf(rerun);

    const code = await runInChild({ request, crashBefore });
    expect([null, 0]).toContain(code);

    const seen = (await bed.rows("id")).map(({ id }) => id);
    expect([OLD, NEW]).toContainEqual(seen);
    const found = await bed.restart().find(request.idempotencyKey, request);
    expect(found?.outcome?.state).toBe(seen.length === NEW.length ? "SUCCEEDED" : undefined);
    if (found === undefined) await bed.run({ ...rerun, attempt: 2 });

    expect((await bed.rows("id")).map(({ id }) => id)).toEqual(NEW);
    expect(bed.rejected(`${NAME}.jsonl`)).toEqual([
      expect.objectContaining({ raw: expect.stringContaining("bad c") }),
    ]);
    expect(bed.rejected(`untimed/${NAME}.jsonl`)).toEqual([
      expect.objectContaining({ raw: expect.stringContaining("lost c") }),
    ]);
    return code === null ? "crashed" : "ended";
  } finally {
    await bed.dispose();
  }
}

/** The same for the merge of two shards, which the next process repeats. */
async function crashAndMergeAgain(crashBefore: number): Promise<"crashed" | "ended"> {
  const bed = new Bed({ threads: 1 });
  try {
    const interval = { lower: START, upper: START + HOUR };
    await bed.run({ job: jobOf(bed, OLD), ...interval });
    const job = jobOf(bed, NEW.slice(1));
    bed.write("second.csv", ["id,time,value", `${NEW[0]},2026-01-01T00:30:00Z,1`, ""].join("\n"));
    const source = { ...(job.source as JsonObject), path: `${bed.directory}/*.csv` };
    const rerun: RunSpec = { job: { ...job, source }, ...interval, generation: 1 };
    const request = requestOf(rerun);
    const results = await partOf(bed, rerun, await shardsOf(bed, rerun, 2));

    const code = await runInChild({ request, results, crashBefore });
    expect([null, 0]).toContain(code);

    expect([OLD, NEW]).toContainEqual((await bed.rows("id")).map(({ id }) => id));
    bed.restart();
    await bed.operator.merge!(request, results, untroubled());
    expect((await bed.rows("id")).map(({ id }) => id)).toEqual(NEW);
    expect(bed.files().filter((file) => file.startsWith(".tidegate"))).toEqual([]);
    expect(bed.rejected(`${NAME}.jsonl`)).toEqual([
      expect.objectContaining({ raw: expect.stringContaining("bad d") }),
    ]);
    return code === null ? "crashed" : "ended";
  } finally {
    await bed.dispose();
  }
}

describe("a process that dies", () => {
  it("before any of its changes to the file system leaves the old rows or the new ones, and is caught up with", async () => {
    let crashes = 0;
    while (crashes < MOST_CHANGES && (await crashAndRecover(crashes + 1)) === "crashed") crashes += 1;
    expect(crashes).toBeGreaterThan(5);
    expect(crashes).toBeLessThan(MOST_CHANGES);
  });

  it("before any of its changes while it merges shards leaves the old rows or the new ones, and the merge is repeated", async () => {
    let crashes = 0;
    while (crashes < MOST_CHANGES && (await crashAndMergeAgain(crashes + 1)) === "crashed") crashes += 1;
    expect(crashes).toBeGreaterThan(5);
    expect(crashes).toBeLessThan(MOST_CHANGES);
  });
});
