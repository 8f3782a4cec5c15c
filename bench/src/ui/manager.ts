// A manager with the dashboard, in a process of its own; started by the benchmark of first views.
import { dashboard } from "@tidegate/dashboard";
import { createManager } from "@tidegate/manager";
import { SqliteStore } from "@tidegate/store-sqlite";
import { assemble, noopOperator } from "../setup.js";

const [path = ""] = process.argv.slice(2);
const tidegate = assemble(new SqliteStore({ path }), noopOperator());
const manager = createManager({ tidegate, dashboard: dashboard(), logger: false });
const url = await manager.listen();
process.once("disconnect", () => void manager.close().then(() => process.exit()));
process.send!({ url });
