// A store that is written again and again without its database growing. Reports how often it was full, and ends well when all
// was written.
import { SqliteStore } from "@tidegate/store-sqlite";

const [path, spec, times] = process.argv.slice(2);
const store = new SqliteStore({ path });
await store.open();
await store.insertSchedules([JSON.parse(spec)]);
const { groupId } = JSON.parse(spec).spec;
let full = 0;
for (let n = 1; n <= Number(times); ) {
  const change = {
    groupId,
    expected: { version: 1, statuses: ["REGISTERED"] },
    updatedAt: n,
    statusReason: `${n}`,
  };
  try {
    await store.changeSchedules([change]);
    n += 1;
  } catch (error) {
    full += 1;
    if (error.code !== "STORE_FULL" || full > Number(times) / 10) throw error;
  }
}
const [{ statusReason }] = await store.getSchedules([groupId]);
await store.close();
process.stdout.write(JSON.stringify({ full, statusReason }));
