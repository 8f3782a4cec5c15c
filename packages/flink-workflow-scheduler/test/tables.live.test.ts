import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { Run } from "@tidegate/core";
import { FlinkConsole, FlinkSales, FlinkServer, freePort } from "@tidegate/test-servers";
import { until } from "@tidegate/testkit";
import { SchedulerScene } from "./support/scene.js";

// Several periods go by, and parts of Flink are started again on the way.
jest.setTimeout(400_000);

/** Far longer than a refresh takes: on a slow machine too it is done before the next is due. */
const PERIOD_MS = 10_000;
const FRESHNESS = `'${PERIOD_MS / 1_000}' SECOND`;
const LIMIT_MS = 180_000;

let flink: FlinkServer;
let sales: FlinkSales;
let scene: SchedulerScene;

beforeAll(async () => {
  const port = await freePort();
  flink = await FlinkServer.start({}, { hasTestCatalog: true, workflowSchedulerPort: port });
  scene = new SchedulerScene(flink, port);
  await scene.start();
  sales = await FlinkSales.create(flink, "shop");
}, 900_000);

afterAll(async () => {
  await scene?.dispose();
  await flink?.dispose();
});

describe("a materialized table that is created in Flink's gateway", () => {
  const GROUP = "flink:shop.sales.ticks";
  const definition = () => sales.definition("ticks", { freshness: FRESHNESS, format: "yyyyMMddHHmmss" });
  const alter = async (what: string): Promise<void> =>
    (await FlinkConsole.open(flink)).type(`ALTER MATERIALIZED TABLE shop.sales.ticks ${what}`);

  it("is refreshed by Tidegate, period by period", async () => {
    sales.write(twoSalesPerPeriod(Date.now() - 60_000, Date.now() + 1_200_000));
    await (await FlinkConsole.open(flink)).type(definition());
    await refreshed(GROUP, 2);
    await expectRefreshed(GROUP, "ticks");
  });

  it("is refreshed on after the gateway was killed and started again", async () => {
    await flink.killGateway();
    const killedAt = Date.now();
    await until(async () => (await ledger(GROUP)).some(({ upper }) => upper > killedAt), {
      what: "an interval while the gateway is away",
      limitMs: LIMIT_MS,
    });
    await flink.startAgain();
    await refreshedUpTo(GROUP, Date.now());
    await expectRefreshed(GROUP, "ticks");
  });

  it("is refreshed on after Tidegate was stopped and started again, what was missed too", async () => {
    await scene.stop();
    // Tidegate is away for more than a period.
    await new Promise((resolve) => setTimeout(resolve, PERIOD_MS + 1_000));
    const startedAt = Date.now();
    await scene.start();
    await refreshedUpTo(GROUP, startedAt + PERIOD_MS);
    await expectRefreshed(GROUP, "ticks");
  });

  it("waits while it is suspended, and catches up when it is resumed, with other options", async () => {
    await alter("SUSPEND");
    const { status, statusReason, watermark } = await scene.tidegate.client.get(GROUP);
    expect({ status, statusReason }).toEqual({ status: "PAUSED", statusReason: "Suspended in Flink." });
    // A period goes by, in which nothing must happen.
    await new Promise((resolve) => setTimeout(resolve, PERIOD_MS + 1_000));
    expect((await scene.tidegate.client.get(GROUP)).watermark).toBe(watermark);
    await alter("RESUME WITH ('sink.parallelism' = '2')");
    await refreshedUpTo(GROUP, Date.now());
    const { spec } = await scene.tidegate.client.get(GROUP);
    expect(spec.job).toMatchObject({
      materializedTable: { dynamicOptions: { "sink.parallelism": "2" } },
    });
    await expectRefreshed(GROUP, "ticks");
  });

  it("is let go when it is dropped; each interval was refreshed once", async () => {
    await (await FlinkConsole.open(flink)).type("DROP MATERIALIZED TABLE shop.sales.ticks");
    expect((await scene.tidegate.client.get(GROUP)).status).toBe("DELETED");
    const isActive = ({ state }: Run) => state === "SUBMITTING" || state === "RUNNING";
    await until(async () => !(await ledger(GROUP)).some(isActive), {
      what: "the last run",
      limitMs: LIMIT_MS,
    });
    const done = await succeeded(GROUP);
    const range = { lower: done[0]!.lower, upper: done.at(-1)!.upper };
    const audit = await scene.tidegate.client.audit(GROUP, range);
    expect(audit).toMatchObject({ isComplete: true, gaps: [], overlaps: [] });
    expect(audit.succeeded.intervals).toBe(done.length);
    expect(await finishedRefreshes("ticks")).toEqual(done.map(({ jobId }) => jobId).sort());
  });
});

describe("a refresh that fails", () => {
  const GROUP = "flink:shop.sales.broken";

  it("is tried again until it succeeds", async () => {
    const from = Date.now() - 60_000;
    const whole = twoSalesPerPeriod(from, from + 1_200_000);
    sales.write(whole.map((sale) => ({ ...sale, price: 0 })));
    await (await FlinkConsole.open(flink)).type(
      sales.definition("broken", { freshness: FRESHNESS, format: "yyyyMMddHHmmss" }),
    );
    const failed = async (): Promise<Run | undefined> =>
      (await ledger(GROUP)).find(({ error }) => error?.message === "ArithmeticException: / by zero");
    await until(async () => (await failed()) !== undefined, { what: "a failure", limitMs: LIMIT_MS });
    const { id } = (await failed())!;
    sales.write(whole);
    const run = async () => scene.tidegate.client.getRun(id);
    await until(async () => (await run()).state === "SUCCEEDED", { what: "the refresh", limitMs: LIMIT_MS });
    expect((await run()).attempt).toBeGreaterThan(1);
    expect(sales.partitions("broken").get(partitionOf((await run()).lower))).toHaveLength(2);
    await (await FlinkConsole.open(flink)).type("DROP MATERIALIZED TABLE shop.sales.broken");
  });
});

describe("a table with a hostile name", () => {
  it("is data on the whole way", async () => {
    const name = "`we``ird.t'a\"b le; DROP --é`";
    const console = await FlinkConsole.open(flink, { "table.local-time-zone": "Asia/Shanghai" });
    const SHANGHAI = 8 * 3_600_000;
    sales.write(twoSalesPerPeriod(Date.now() - 60_000 + SHANGHAI, Date.now() + 1_200_000 + SHANGHAI));
    await console.type(sales.definition(name, { freshness: FRESHNESS, format: "yyyyMMddHHmmss" }));
    const { items } = await scene.tidegate.client.list({ groupIdPrefix: "flink:shop.sales.we_ird" });
    expect(items).toMatchObject([{ status: "REGISTERED", spec: { timezone: "Asia/Shanghai" } }]);
    const { groupId } = items[0]!.spec;
    await refreshed(groupId, 1);
    const { lower } = (await succeeded(groupId))[0]!;
    const local = lower + SHANGHAI;
    expect(sales.partitions("we`ird.t'a\"b le; DROP --é").get(partitionOf(local))).toEqual(idsAt(local));
    await console.type(`DROP MATERIALIZED TABLE shop.sales.${name}`);
    expect((await scene.tidegate.client.get(groupId)).status).toBe("DELETED");
  });
});

describe("what Tidegate refuses", () => {
  it("is shown to whoever typed the statement, and the table is not there", async () => {
    const console = await FlinkConsole.open(flink, { "table.local-time-zone": "GMT+08:00" });
    const definition = sales.definition("nowhere", { freshness: "'1' DAY", format: "yyyy-MM-dd" });
    await expect(console.type(definition)).rejects.toThrow("TIMEZONE_UNKNOWN");
    await expect(console.type("DROP MATERIALIZED TABLE shop.sales.nowhere")).rejects.toThrow(
      "does not exist",
    );
  });
});

async function ledger(groupId: string): Promise<readonly Run[]> {
  return (await scene.tidegate.client.runs({ groupId }, { limit: 1_000 })).items;
}

async function succeeded(groupId: string): Promise<readonly Run[]> {
  return (await ledger(groupId)).filter(({ state }) => state === "SUCCEEDED");
}

function refreshed(groupId: string, periods: number): Promise<void> {
  return until(async () => (await succeeded(groupId)).length >= periods, {
    what: `${periods} refreshes`,
    limitMs: LIMIT_MS,
  });
}

function refreshedUpTo(groupId: string, instant: number): Promise<void> {
  const wanted = Math.floor(instant / PERIOD_MS) * PERIOD_MS;
  return until(async () => (await succeeded(groupId)).some(({ upper }) => upper >= wanted), {
    what: `the refresh up to ${new Date(wanted).toISOString()}`,
    limitMs: LIMIT_MS,
  });
}

/** Both sales of each refreshed interval are there, and nothing that is of no interval. */
async function expectRefreshed(groupId: string, table: string): Promise<void> {
  const done = await succeeded(groupId);
  const partitions = sales.partitions(table);
  const all = await ledger(groupId);
  for (const { lower } of done) expect(partitions.get(partitionOf(lower))).toEqual(idsAt(lower));
  expect(all.map(({ lower }) => partitionOf(lower))).toEqual(expect.arrayContaining([...partitions.keys()]));
}

function twoSalesPerPeriod(from: number, to: number) {
  const first = Math.floor(from / PERIOD_MS) * PERIOD_MS;
  const periods = Array.from(
    { length: Math.ceil((to - first) / PERIOD_MS) },
    (_, n) => first + n * PERIOD_MS,
  );
  return periods.flatMap((lower) => idsAt(lower).map((id) => ({ id, price: 1, part: partitionOf(lower) })));
}

function idsAt(lower: number): number[] {
  const id = (lower / 1_000) % 1_000_000_000;
  return [id, id + 1];
}

function partitionOf(lower: number): string {
  return new Date(lower).toISOString().slice(0, 19).replaceAll(/[-:T]/g, "");
}

/** The ids of the refresh jobs of a table that Flink has finished. */
async function finishedRefreshes(table: string): Promise<string[]> {
  const { jobs } = (await (await fetch(`${flink.url}/jobs/overview`)).json()) as {
    jobs: { jid: string; name: string; state: string }[];
  };
  const name = `Materialized_table_\`shop\`.\`sales\`.\`${table}\`_periodic_refresh_job`;
  return jobs
    .filter((job) => job.name === name && job.state === "FINISHED")
    .map(({ jid }) => jid)
    .sort();
}
