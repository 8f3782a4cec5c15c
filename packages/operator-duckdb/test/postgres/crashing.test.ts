import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { JsonObject } from "@tidegate/core";
import { type Bed, HOUR, type RunSpec, requestOf } from "../bed.js";
import type { PostgresOrder } from "../crash/postgres-child.js";
import { PostgresPlace } from "./place.js";

const START = Date.UTC(2026, 0, 1);
const OLD = ["a", "b"];
const NEW = ["c", "d", "e"];

describe("a process that dies while it writes to Postgres", () => {
  let place: PostgresPlace;
  beforeAll(async () => {
    place = await PostgresPlace.make();
  });
  afterAll(() => place.dispose());

  const ids = async () =>
    (await place.query<{ id: string }>("SELECT id FROM orders ORDER BY id")).map(({ id }) => id);

  function jobOf(bed: Bed, ids: readonly string[]): JsonObject {
    const path = bed.write(
      "in.csv",
      ["id,at", ...ids.map((id) => `${id},2026-01-01T00:30:00Z`), ""].join("\n"),
    );
    const columns = { id: "VARCHAR", at: "TIMESTAMPTZ" };
    return {
      source: { format: "csv", path, timeColumn: "at", columns },
      target: {
        format: "postgres",
        connection: "shop",
        table: "orders",
        write: "replace",
        timeColumn: "at",
        rejectedPath: bed.target,
      },
    };
  }

  /** Runs a job in a process of its own. Resolves with its exit code, `null` when it was killed. */
  async function runInChild(order: PostgresOrder): Promise<number | null> {
    const file = (name: string) => fileURLToPath(new URL(`../crash/${name}`, import.meta.url));
    const options = ["--no-warnings", "--import", file("run-source.mjs"), file("postgres-child.ts")];
    const child = spawn(process.execPath, [...options, JSON.stringify(order)], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, NODE_OPTIONS: "" },
    });
    const [code] = (await once(child, "exit")) as [number | null];
    return code;
  }

  /** Re-runs an interval in a process that dies before a statement, and checks what it leaves and what comes of it. */
  async function crashAndRecover(crashBefore: number): Promise<"crashed" | "ended"> {
    const bed = await place.bed();
    try {
      await place.query("CREATE TABLE orders (id text, at timestamptz)");
      const interval = { lower: START, upper: START + HOUR };
      await bed.run({ job: jobOf(bed, OLD), ...interval });
      const rerun: RunSpec = { job: jobOf(bed, NEW), ...interval, generation: 1 };
      const request = requestOf(rerun);

      const code = await runInChild({ request, url: place.url, crashBefore });
      expect([null, 0]).toContain(code);

      const seen = await ids();
      expect(seen).toEqual(code === null ? OLD : NEW);
      const found = await bed.restart().find(request.idempotencyKey, request);
      expect(found?.outcome?.state).toBe(code === null ? undefined : "SUCCEEDED");
      if (found === undefined) await bed.run({ ...rerun, attempt: 2 });
      expect(await ids()).toEqual(NEW);
      expect(bed.files()).toEqual([]);
      return code === null ? "crashed" : "ended";
    } finally {
      await bed.dispose();
    }
  }

  it("leaves the old rows until it commits, and is caught up with", async () => {
    let crashes = 0;
    while (crashes < 20 && (await crashAndRecover(crashes + 1)) === "crashed") crashes += 1;
    // The old rows removed, the new ones added, the record likewise, the commit.
    expect(crashes).toBe(5);
  });
});
