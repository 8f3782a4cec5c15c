import type { Tidegate } from "@tidegate/core";
import type { HttpOperator } from "@tidegate/operator-http";
import Fastify, { type FastifyInstance } from "fastify";
import { answerError } from "./errors.js";
import { callbackRoutes } from "./routes/callbacks.js";
import { runRoutes } from "./routes/runs.js";
import { scheduleRoutes } from "./routes/schedules.js";

/** The manager's HTTP interface: what it can do is what `ScheduleClient` can. */
export function buildApp(tidegate: Tidegate, operator: HttpOperator): FastifyInstance {
  const app = Fastify({ logger: true });
  app.setErrorHandler(answerError);
  app.get("/healthz", async () => ({ status: "ok" }));
  app.register(scheduleRoutes(tidegate.client));
  app.register(runRoutes(tidegate.client));
  app.register(callbackRoutes(operator));
  return app;
}
