import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { Fire } from "@tidegate/core/engine";
import { createEmitter } from "@tidegate/core/testing";
import { PostgresServer } from "@tidegate/test-servers";
import { until } from "@tidegate/testkit";
import type { FiredSchedule } from "../src/definition.js";
import { BullmqEngine, type BullmqEngineOptions } from "../src/index.js";

jest.setTimeout(600_000);

/** Long enough for any answer of a busy machine. */
const PATIENCE = { commandTimeoutMs: 60_000 };

/** Shorter than any fire takes, so that there is always one due. */
const PERIOD_MS = 1;

let postgres: PostgresServer;
let count = 0;
let schema: string;
let engine: BullmqEngine;

beforeAll(async () => {
  postgres = await PostgresServer.start();
}, 180_000);

afterAll(() => postgres.dispose());

beforeEach(() => {
  count += 1;
  schema = `bounds_${count}`;
  engine = engineWith({ batchSize: 10 });
});

afterEach(() => engine.stop());

function engineWith(options: Partial<BullmqEngineOptions>): BullmqEngine {
  return new BullmqEngine({
    ...PATIENCE,
    ...options,
    connection: { postgres: { connectionString: postgres.url() }, schema },
  });
}

function schedules(many: number): FiredSchedule[] {
  return Array.from({ length: many }, (_, index) => ({
    groupId: `group-${index}`,
    version: 1,
    delayMs: 0,
    nextFireAt: Date.now(),
  }));
}

/** A ledger that owes each schedule the next fire at once, and counts. */
function countingSink(): { fired: number; fire: (fires: readonly Fire[]) => Promise<never[]> } {
  const sink = {
    fired: 0,
    fire: async (fires: readonly Fire[]) => {
      sink.fired += fires.length;
      return fires.map(({ groupId, scheduledTime }) => {
        return { groupId, outcome: "planned", runs: [], nextFireAt: scheduledTime + PERIOD_MS };
      }) as never[];
    },
  };
  return sink;
}

/** How many rows each table has that has any. */
async function rows(): Promise<Record<string, number>> {
  const tables = await postgres.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = '${schema}'`,
  );
  const found: Record<string, number> = {};
  for (const { name } of tables) {
    const [row] = await postgres.query<{ many: number }>(
      `SELECT count(*)::integer AS many FROM ${schema}.${name}`,
    );
    if (row!.many > 0) found[name] = row!.many;
  }
  return found;
}

describe("what Postgres holds", () => {
  it("does not grow with fires", async () => {
    const sink = countingSink();
    await engine.handleRegister(schedules(100));
    await engine.start({ sink, events: createEmitter(), onFireMoved: () => () => {} });
    await until(() => sink.fired > 10_000, { what: "10,000 fires", limitMs: 300_000 });
    await until(() => sink.fired > 40_000, { what: "40,000 fires", limitMs: 300_000 });
    await engine.stop();
    const { job = 0, event = 0, migration: _, meta: __, ...others } = await rows();
    expect(others).toEqual({ tidegate_schedule: 100, tidegate_ticker: 1 });
    expect(job).toBeLessThan(50);
    // BullMQ clears them away 256 at a time.
    expect(event).toBeLessThan(1_000);
    const [size] = await postgres.query<{ bytes: number }>(
      `SELECT pg_total_relation_size('${schema}.tidegate_schedule')::float8 AS bytes`,
    );
    // What 80,000 writes leave is more than 6 MB unless it is cleared away.
    expect(size!.bytes).toBeLessThan(4_000_000);
  });

  it("does not grow while all workers are busy", async () => {
    engine = engineWith({ batchSize: 1, concurrency: 1, leaseMs: 1_000 });
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const sink = countingSink();
    const fire = async (fires: readonly Fire[]) => {
      await gate;
      return sink.fire(fires);
    };
    await engine.handleRegister(schedules(100));
    await engine.start({ sink: { fire }, events: createEmitter(), onFireMoved: () => () => {} });
    // Long enough for leases to lapse if nobody kept them, and for a hundred looks.
    await sleep(3_000);
    expect((await rows()).job ?? 0).toBeLessThanOrEqual(17);
    release();
    await until(() => sink.fired > 500, { what: "500 fires" });
  });

  it("is nothing of a schedule that was unregistered", async () => {
    await engine.handleRegister(schedules(2));
    await engine.handleUnregister(["group-0", "group-1", "nobody"]);
    expect(Object.keys(await rows()).sort()).toEqual(["migration", "tidegate_ticker"]);
  });

  it("is read page by page, in the order of bytes", async () => {
    await engine.handleRegister(schedules(2_500));
    const listed: string[] = [];
    for await (const { groupId } of engine.list()) listed.push(groupId);
    expect(listed).toEqual(
      schedules(2_500)
        .map(({ groupId }) => groupId)
        .sort(),
    );
  });

  it("is in one schema, which is all that a user need have rights to", async () => {
    await engine.handleRegister(schedules(1));
    await postgres.query("CREATE ROLE fires LOGIN");
    await postgres.query(`
      REVOKE TEMPORARY ON DATABASE postgres FROM PUBLIC;
      GRANT USAGE, CREATE ON SCHEMA ${schema} TO fires;
      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO fires;
      GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${schema} TO fires`);
    const connectionString = postgres.url().replace("tidegate@", "fires@");
    const limited = new BullmqEngine({ ...PATIENCE, connection: { postgres: { connectionString }, schema } });
    const events = createEmitter();
    const troubles: string[] = [];
    events.on("trouble", ({ error }) => troubles.push(error.message));
    const sink = countingSink();
    await limited.start({ sink, events, onFireMoved: () => () => {} });
    await until(() => sink.fired > 10, { what: "fires" });
    await limited.stop();
    expect(troubles).toEqual([]);
    const schemas =
      "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'bounds_%' OR nspname LIKE '%_engine'";
    expect((await postgres.query(schemas)).length).toBe(count);
  });
});

describe("a schema that was made beforehand", () => {
  it("gets its tables from a user who may create nothing else", async () => {
    await postgres.query("CREATE ROLE guest LOGIN");
    await postgres.query("CREATE SCHEMA beforehand; GRANT USAGE, CREATE ON SCHEMA beforehand TO guest");
    const connectionString = postgres.url().replace("tidegate@", "guest@");
    const guest = new BullmqEngine({
      ...PATIENCE,
      connection: { postgres: { connectionString }, schema: "beforehand" },
    });
    await guest.handleRegister(schedules(3));
    await guest.stop();
    const [found] = await postgres.query<{ count: string }>(
      "SELECT count(*) FROM beforehand.tidegate_schedule",
    );
    expect(Number(found!.count)).toBe(3);
  });
});

describe("several managers that come first at once", () => {
  it("make the schema together", async () => {
    const many = Array.from({ length: 6 }, () => engineWith({}));
    await Promise.all(many.map((each) => each.handleRegister(schedules(10))));
    await Promise.all(many.map((each) => each.stop()));
    expect(await rows()).toMatchObject({ tidegate_schedule: 10, tidegate_ticker: 1 });
  });
});
