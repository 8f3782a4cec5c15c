import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTidegate, type RunEvent } from "@tidegate/core";
import { embeddedEngine } from "@tidegate/engine-embedded";
import { createWorkflowScheduler } from "@tidegate/flink-workflow-scheduler";
import { flinkOperator } from "@tidegate/operator-flink";
import { sqliteStore } from "@tidegate/store-sqlite";
import { FlinkServer, freePort } from "@tidegate/test-servers";
import { Gateway } from "./gateway.js";
import { PERIOD_S, periodName, rowsIn, salesFrom } from "./sales.js";

const REFRESHES = Number(process.env.REFRESHES ?? 3);

console.log("Starting a Flink of its own, whose gateway looks for its workflow scheduler at Tidegate ...");
const port = await freePort();
const flink = await FlinkServer.start({}, { hasTestCatalog: true, workflowSchedulerPort: port });
const folder = mkdtempSync(join(tmpdir(), "tidegate-materialized-table-"));
const catalog = join(flink.dataFolder, "shop");
mkdirSync(join(catalog, "sales"), { recursive: true });

const tidegate = createTidegate({
  store: sqliteStore({ path: join(folder, "tidegate.db") }),
  engines: [embeddedEngine()],
  operators: [flinkOperator({ url: flink.url, gatewayUrl: flink.gatewayUrl })],
});
const scheduler = createWorkflowScheduler({ tidegate, logger: false });
tidegate.events.on("trouble", ({ error }) => console.warn(error.message));

const enough = new Promise<void>((resolve) => {
  let refreshes = 0;
  tidegate.events.on("run-state", ({ run }: RunEvent) => {
    if (run.state !== "SUCCEEDED") return;
    const partition = `part=${periodName(run.lower)}`;
    const rows = rowsIn(join(catalog, "sales", "takings", "data", partition));
    console.log(`Tidegate: ${partition} is fresh: ${rows.join(", ")}`);
    refreshes += 1;
    if (refreshes >= REFRESHES) resolve();
  });
  process.once("SIGINT", resolve);
  process.once("SIGTERM", resolve);
});

try {
  await tidegate.start();
  await scheduler.listen({ port });
  const gateway = await Gateway.open(flink.gatewayUrl);
  await gateway.type(
    `CREATE CATALOG shop WITH ('type' = 'test-filesystem', 'path' = '${catalog}', 'default-database' = 'sales')`,
  );
  await gateway.type("CREATE TABLE shop.sales.sale (part STRING, amount INT) WITH ('format' = 'json')");
  await gateway.type(`INSERT INTO shop.sales.sale VALUES ${salesFrom(Date.now())}`);
  await gateway.type(`CREATE MATERIALIZED TABLE shop.sales.takings
    PARTITIONED BY (part)
    WITH ('format' = 'json', 'partition.fields.part.date-formatter' = 'yyyyMMddHHmmss')
    FRESHNESS = INTERVAL '${PERIOD_S}' SECOND
    REFRESH_MODE = FULL
    AS SELECT SUM(amount) AS takings, part FROM shop.sales.sale GROUP BY part`);
  for (const { spec, status } of (await tidegate.client.list()).items) {
    console.log(`Tidegate: ${spec.groupId} is ${status}, ${JSON.stringify(spec.trigger)}`);
  }
  await enough;
  await gateway.type("DROP MATERIALIZED TABLE shop.sales.takings");
  console.log(`Tidegate: it is ${(await tidegate.client.get("flink:shop.sales.takings")).status}.`);
} finally {
  await scheduler.close();
  await tidegate.stop();
  await flink.dispose();
  rmSync(folder, { recursive: true, force: true });
}
