import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type AuditReport, createTidegate, type Run } from "@tidegate/core";
import { type OffsetVector, offsetText } from "@tidegate/core/offset";
import { FlinkServer, KafkaServer } from "@tidegate/test-servers";
import Table from "cli-table3";
import { copiedOrders } from "./copied.js";
import { Shop } from "./shop.js";
import { GROUP, type Place, partsOf, scheduleOf, TOPIC } from "./sync.js";

const FIRST_TRANSACTIONS = 6;
const LATER_TRANSACTIONS = 9;
const ORDERS = 20;
const LOOK_MS = 100;
const LATEST_END_MS = 300_000;

console.log("Starting a Kafka of its own, and a Flink: JobManager, TaskManager and SQL Gateway ...");
const [kafka, flink] = await Promise.all([
  KafkaServer.start({ "auto.create.topics.enable": "false" }),
  FlinkServer.start({}, { connectors: ["kafka", "parquet"] }),
]);
const folder = mkdtempSync(join(tmpdir(), "tidegate-kafka-sync-"));
const { url, gatewayUrl, dataFolder } = flink;
const { bootstrapServers } = kafka;
const place: Place = { bootstrapServers, url, gatewayUrl, folder, target: join(dataFolder, "orders") };

const shop = await Shop.open(place);
for (let n = 0; n < FIRST_TRANSACTIONS; n += 1) await shop.sell(ORDERS);
console.log(`A shop has sold ${shop.sold.length} orders, and rolled back ${shop.rolledBack}.`);

const parts = partsOf(place);
const tidegate = createTidegate(parts);
tidegate.events.on("trouble", ({ where, error }) => console.error(`${where}: ${error.message}`));
tidegate.events.on("run-state", ({ run: { offsets, state, error } }) => {
  if (offsets === null) return;
  const range = `${textOf(offsets.lower)} to ${textOf(offsets.upper)}`;
  if (state === "SUCCEEDED") console.log(`offsets ${range} are copied`);
  if (error !== null) console.log(`offsets ${range}: ${error.message}`);
});
await tidegate.start();
await tidegate.client.ensure(scheduleOf(place));
for (let n = 0; n < LATER_TRANSACTIONS; n += 1) await shop.sell(ORDERS);
await shop.close();
const { latest } = await parts.offsetProviders[0]!.bounds(
  { cluster: "shop", topic: TOPIC },
  { now: Date.now(), signal: AbortSignal.timeout(10_000) },
);
const latestEnd = Date.now() + LATEST_END_MS;
await until(async () => {
  const { offsets } = await tidegate.client.get(GROUP);
  const { isComplete } = await tidegate.client.audit(GROUP);
  return isComplete && offsets !== null && isSame(offsets.position, latest);
});
const first = (await tidegate.client.runs({ groupId: GROUP, states: ["SUCCEEDED"] })).items.find(hasOffsets);
const again = first === undefined ? [] : await tidegate.client.trigger(GROUP, first);
await until(async () => {
  const runs = await Promise.all(again.map(({ id }) => tidegate.client.getRun(id)));
  return runs.every(({ state }) => state === "SUCCEEDED");
});
const audit = await tidegate.client.audit(GROUP);
await tidegate.stop();

const copied = await copiedOrders(place);
const isEqual = copied.length === shop.sold.length && copied.every((order, at) => order === shop.sold[at]);
const isSound = audit.isComplete && again.length > 0 && shop.rolledBack > 0 && isEqual;
console.log(`\n${tableOf(audit)}`);
console.log(
  isSound
    ? `The lake has the ${copied.length} orders that were committed, each exactly once, and none of the ${shop.rolledBack} that were rolled back.`
    : `NOT SOUND: ${shop.sold.length} orders were committed, and ${copied.length} are copied; the ledger lies in ${folder}.`,
);
await Promise.all([flink.dispose(), kafka.dispose()]);
if (isSound) rmSync(folder, { recursive: true, force: true });
process.exit(isSound ? 0 : 1);

/** Looks until something is so, or it has taken far longer than it does. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (Date.now() < latestEnd && !(await isSo())) await sleep(LOOK_MS);
}

/** Whether a run has read anything: a fire that finds nothing new is recorded as well. */
function hasOffsets({ offsets }: Run): boolean {
  return offsets !== null && !isSame(offsets.lower, offsets.upper);
}

function isSame(a: OffsetVector, b: OffsetVector): boolean {
  return offsetText(a) === offsetText(b);
}

function textOf(vector: OffsetVector): string {
  return Object.values(vector).join("/");
}

/** The proof of both axes: of time, and of the offsets of each partition. */
function tableOf({ range, succeeded, gaps, overlaps, doubtful, offsets }: AuditReport): Table.Table {
  const table = new Table({
    head: [GROUP, "from", "to", "runs", "gaps", "overlaps", "doubtful", "lost", "unread"],
    style: { head: [], border: [] },
  });
  const time = (instant: number): string => new Date(instant).toISOString().slice(11, 19);
  table.push([
    ...["time", time(range.lower), time(range.upper), succeeded.runs],
    ...[gaps.length, overlaps.length, doubtful.length, "", ""],
  ]);
  for (const { partitions } of offsets)
    for (const { partition, lower, upper, ...found } of partitions)
      table.push([
        ...[`partition ${partition}`, lower, upper, ""],
        ...[found.gaps.length, found.overlaps.length, "", found.lost.length, found.unread.length],
      ]);
  return table;
}
