import { createManager } from "@tidegate/manager";
import Fastify from "fastify";
import { assemble } from "./assemble.js";
import { callbackRoutes } from "./callbacks.js";
import { readSettings } from "./settings.js";

const settings = readSettings(process.env);
const { tidegate, operator } = assemble(settings);
const { host, port, airflowSecret } = settings;
const manager = createManager({
  tidegate,
  callbacks: airflowSecret === undefined ? {} : { airflow: { secret: airflowSecret } },
});

const app = Fastify({ logger: true, routerOptions: { maxParamLength: 256 } });
app.register(manager.plugin);
app.register(callbackRoutes(operator));
app.addHook("onClose", () => tidegate.stop());
tidegate.events.on("trouble", (trouble) => app.log.warn(trouble));
tidegate.events.on("run-state", ({ run, from }) => {
  app.log.info({ runId: run.id, groupId: run.groupId, from, to: run.state, error: run.error });
});
await tidegate.start();
await app.listen({ host, port });
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => app.close());
