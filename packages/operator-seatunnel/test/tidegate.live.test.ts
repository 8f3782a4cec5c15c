import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { createTidegate, type JsonObject, type Run, type Tidegate } from "@tidegate/core";
import { MemoryStore } from "@tidegate/core/testing";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { SeaTunnelServer } from "@tidegate/test-servers";
import { until } from "@tidegate/testkit";
import { seatunnelOperator } from "../src/index.js";
import { jobsNamed } from "./support/cluster.js";
import { Warehouse } from "./support/jobs.js";

// A job takes one or two seconds, on a busy machine many more.
jest.setTimeout(600_000);

const HOUR = 3_600_000;
const HOURS = 4;
const START = Date.UTC(2026, 0, 1);

let server: SeaTunnelServer;
let store: MemoryStore;
let warehouse: Warehouse;
let count = 0;

beforeAll(async () => {
  server = await SeaTunnelServer.start();
}, 900_000);

afterAll(() => server.dispose());

beforeEach(() => {
  count += 1;
  store = new MemoryStore();
  warehouse = new Warehouse(server.directory, `tidegate-${count}`);
});

/** Unlike those of other tests: the server remembers the jobs of a group's intervals. */
const groupId = () => `orders-${count}`;

/** A manager over the ledger that all of a test's managers share. */
async function aManager(): Promise<Tidegate> {
  const tidegate = createTidegate({
    store,
    engines: [embeddedEngine()],
    operators: [seatunnelOperator({ url: server.url, pollIntervalMs: 200, lostAfterMs: 500 })],
    dispatcher: { drainMs: 0 },
  });
  await tidegate.start();
  return tidegate;
}

async function register({ client }: Tidegate, job: JsonObject): Promise<void> {
  await client.register({
    groupId: groupId(),
    trigger: { type: "period", every: 1, unit: "hour" },
    startTime: START,
    endTime: START + HOURS * HOUR,
    operator: "seatunnel",
    // A restart takes longer than the usual attempts.
    maxAttempts: 30,
    backoff: { initialMs: 500, maxMs: 1_000 },
    job,
  });
}

async function runsOf({ client }: Tidegate): Promise<readonly Run[]> {
  return (await client.runs({ groupId: groupId() }, { limit: 100 })).items;
}

const untilAllEnded = (tidegate: Tidegate) =>
  until(
    async () => {
      const runs = await runsOf(tidegate);
      return runs.length === HOURS && runs.every(({ endedAt }) => endedAt !== null);
    },
    { what: "all runs", limitMs: 240_000 },
  );

const untilOneRuns = (tidegate: Tidegate) =>
  until(async () => (await runsOf(tidegate)).some(({ state }) => state === "RUNNING"), {
    what: "a run",
  });

/** Ten rows for each hour. */
function someRows(): string[] {
  return Array.from({ length: HOURS * 10 }, (_, index) => {
    const at = new Date(START + index * (HOUR / 10)).toISOString().slice(0, 19).replace("T", " ");
    return `${index},row ${index},${at}`;
  });
}

describe("a schedule on SeaTunnel", () => {
  it("has each row once, and each interval one job, although managers come and go", async () => {
    const rows = someRows();
    warehouse.put(rows);
    const first = await aManager();
    await register(first, warehouse.copy());
    await untilOneRuns(first);
    await first.stop();
    const second = await aManager();
    await untilAllEnded(second);
    const runs = await runsOf(second);
    expect(runs.map(({ state, metrics }) => [state, metrics?.rowsWritten])).toEqual(
      runs.map(() => ["SUCCEEDED", 10]),
    );
    for (const { id } of runs) expect(await jobsNamed(server, id)).toHaveLength(1);
    expect(warehouse.rows()).toEqual(rows.sort());
    await second.stop();
  });

  it("makes good what a restarted SeaTunnel has forgotten", async () => {
    const rows = someRows();
    warehouse.put(rows);
    const manager = await aManager();
    await register(manager, warehouse.copy());
    await untilOneRuns(manager);
    await server.kill();
    await server.startAgain();
    await untilAllEnded(manager);
    const runs = await runsOf(manager);
    expect(runs.map(({ state }) => state)).toEqual(runs.map(() => "SUCCEEDED"));
    expect(runs.flatMap(({ history }) => history).length).toBeGreaterThan(0);
    expect(warehouse.rows()).toEqual(rows.sort());
    await manager.stop();
  });
});
