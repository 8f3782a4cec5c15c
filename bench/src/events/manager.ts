// A manager with open streams, whose processor time is asked for; started by the benchmark of events, in a process of its own.
import { createManager } from "@tidegate/manager";
import { PostgresStore } from "@tidegate/store-postgres";
import { assemble, noopOperator } from "../setup.js";

const [connectionString = ""] = process.argv.slice(2);
const tidegate = assemble(new PostgresStore({ connectionString }), noopOperator());
const manager = createManager({ tidegate, logger: false });
const url = await manager.listen();
process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send!({ cpuMs: (user + system) / 1_000 });
});
process.once("disconnect", () => void manager.close().then(() => process.exit()));
process.send!({ url });
