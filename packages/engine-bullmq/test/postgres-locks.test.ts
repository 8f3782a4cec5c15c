import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { EngineEntry } from "@tidegate/core/engine";
import { PostgresServer } from "@tidegate/test-servers";
import { until } from "@tidegate/testkit";
import pg from "pg";
import type { FiredSchedule } from "../src/definition.js";
import { openServer } from "../src/open-server.js";
import { settingsOf } from "../src/options.js";
import type { ScheduleTable } from "../src/schedule-table.js";
import type { SharedServer } from "../src/shared-server.js";

let postgres: PostgresServer;
let server: SharedServer;
let table: ScheduleTable;

beforeAll(async () => {
  postgres = await PostgresServer.start();
  server = await openServer(
    settingsOf({
      connection: { postgres: { connectionString: postgres.url() } },
      commandTimeoutMs: 60_000,
    }),
    () => {},
  );
  table = server.table;
}, 180_000);

afterAll(async () => {
  await server.close();
  await postgres.dispose();
});

beforeEach(async () => {
  const listed: string[] = [];
  for await (const { groupId } of table.list()) listed.push(groupId);
  await table.unregister(listed);
});

function schedule(groupId: string, version = 1): FiredSchedule {
  return { groupId, version, delayMs: 0, nextFireAt: Date.now() - 1_000 };
}

/** Does something while a row is being written by somebody else, who is done when it waits for that. */
async function whileWritten(write: string, act: () => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url() });
  await client.connect();
  await client.query("BEGIN");
  await client.query(`UPDATE tidegate_engine.tidegate_schedule SET ${write}`);
  const acted = act();
  const waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
  await until(async () => (await postgres.query(waits)).length > 0, { what: "it to wait for the row" });
  await client.query("COMMIT");
  await client.end();
  await acted;
}

async function listed(): Promise<EngineEntry[]> {
  const entries: EngineEntry[] = [];
  for await (const entry of table.list()) entries.push(entry);
  return entries;
}

describe("a row that is written meanwhile", () => {
  it("is removed by who unregisters", async () => {
    await table.register([schedule("a"), schedule("b")]);
    await whileWritten("look_at = look_at + 1 WHERE group_id = 'a'", () => table.unregister(["b", "a"]));
    expect(await listed()).toEqual([]);
  });

  it("is as who registers says", async () => {
    await table.register([schedule("a")]);
    await whileWritten("look_at = look_at + 1", () => table.register([schedule("a", 2)]));
    expect(await listed()).toEqual([{ groupId: "a", version: 2 }]);
  });

  it("is settled by who holds it where it is still held", async () => {
    await table.register([schedule("a"), schedule("b")]);
    const batch = await table.take(Date.now());
    await whileWritten("look_at = look_at WHERE group_id = 'b'", () => table.settle(batch, [null, null]));
    const left = "SELECT 1 FROM tidegate_engine.tidegate_schedule WHERE look_at IS NOT NULL";
    expect(await postgres.query(left)).toEqual([]);
  });

  it("is left alone by who held it where somebody else has taken it", async () => {
    await table.register([schedule("a")]);
    const batch = await table.take(Date.now());
    await whileWritten("look_at = look_at + 1", () => table.settle(batch, [null]));
    await table.postpone(batch, 0);
    const [row] = await postgres.query<{ look_at: string }>(
      "SELECT look_at FROM tidegate_engine.tidegate_schedule",
    );
    expect(Number(row!.look_at)).toBe(batch.leasedUntil + 1);
  });

  it("is kept by who holds it", async () => {
    await table.register([schedule("a")]);
    const batch = await table.take(Date.now());
    let kept = batch;
    await whileWritten("look_at = look_at", async () => {
      kept = await table.postpone(batch, 60_000);
    });
    const [row] = await postgres.query<{ look_at: string }>(
      "SELECT look_at FROM tidegate_engine.tidegate_schedule",
    );
    expect(kept.leasedUntil).toBeGreaterThan(batch.leasedUntil);
    expect(Number(row!.look_at)).toBe(kept.leasedUntil);
  });
});
