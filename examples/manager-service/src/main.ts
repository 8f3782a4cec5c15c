import { buildApp } from "./app.js";
import { createManager } from "./manager.js";
import { readSettings } from "./settings.js";

const settings = readSettings(process.env);
const { tidegate, operator } = createManager(settings);
const app = buildApp(tidegate, operator);
tidegate.events.on("trouble", (trouble) => app.log.warn(trouble));
tidegate.events.on("run-state", ({ run, from }) => {
  app.log.info({ runId: run.id, groupId: run.groupId, from, to: run.state, error: run.error });
});
app.addHook("onClose", () => tidegate.stop());
await tidegate.start();
await app.listen({ host: settings.host, port: settings.port });
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => app.close());
