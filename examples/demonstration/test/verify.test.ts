import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import type { Plan, Synchronization } from "../src/schedules.js";
import { compareRows } from "../src/verify.js";

const flight = (flight_no: number) => ({
  flight_no,
  known_at: "2026-01-01T00:00:00.000Z",
  departed: "2001/01/01 00:00",
  delay: 0,
  distance: 100 * flight_no,
  origin: "SFO",
  destination: "JFK",
});

describe("the comparison of target and source", () => {
  let plan: Plan;
  let group: Synchronization;
  beforeEach(() => {
    plan = {
      directory: mkdtempSync(join(tmpdir(), "tidegate-verify-")),
      startAt: 0,
      endAt: 1,
      port: 0,
      staysUp: false,
    };
    group = { groupId: "all", target: join(plan.directory, "target"), rows: "true", schedule: {} as never };
    for (const name of ["source", "target"]) mkdirSync(join(plan.directory, name));
    const lines = [1, 2, 3].map((number) => `${JSON.stringify(flight(number))}\n`);
    writeFileSync(join(plan.directory, "source", "flights.json"), lines.join(""));
  });
  afterEach(() => rmSync(plan.directory, { recursive: true, force: true }));

  /** Writes the flights of these numbers as the target. */
  async function copy(...numbers: number[]): Promise<void> {
    const rows = join(plan.directory, "copied.json");
    writeFileSync(rows, numbers.map((number) => `${JSON.stringify(flight(number))}\n`).join(""));
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    await connection.run(`COPY (SELECT flight_no::INTEGER AS flight_no, known_at::TIMESTAMP AS known_at, departed::VARCHAR
      AS departed, delay::INTEGER AS delay, distance::INTEGER AS distance, origin, destination
      FROM read_json('${rows}', columns = {flight_no: 'INTEGER', known_at: 'TIMESTAMP', departed: 'VARCHAR',
      delay: 'INTEGER', distance: 'INTEGER', origin: 'VARCHAR', destination: 'VARCHAR'}))
      TO '${join(group.target, "part.parquet")}' (FORMAT parquet)`);
    connection.closeSync();
    instance.closeSync();
  }

  it("finds nothing where they are the same", async () => {
    await copy(3, 1, 2);
    expect(await compareRows(plan, group)).toMatchObject({
      sourceRows: 3,
      targetRows: 3,
      missing: 0,
      surplus: 0,
    });
  });

  it("finds a row that is missing", async () => {
    await copy(1, 2);
    expect(await compareRows(plan, group)).toMatchObject({ missing: 1, surplus: 0 });
  });

  it("finds a row that is there twice", async () => {
    await copy(1, 2, 2, 3);
    expect(await compareRows(plan, group)).toMatchObject({ missing: 0, surplus: 1 });
  });
});
