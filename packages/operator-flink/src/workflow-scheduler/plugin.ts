import type { FastifyPluginAsync } from "fastify";
import { type AllowList, allowListOf, LOOPBACK } from "./allow-list.js";
import { answerError } from "./answer-error.js";
import { createBody, resumeBody, workflowBody } from "./bodies.js";
import type { WorkflowSchedulerOptions } from "./options.js";
import { Workflows } from "./workflows.js";

/** The path at which Flink's client expects its embedded scheduler; a prefix is not possible. */
const PATH = "/v3/workflow/embedded-scheduler";

/** The longest request, bytes. */
const MAX_BYTES = 262_144;

/** @throws ConfigurationError CONFIGURATION_INVALID for an `allow` that is no address */
export function workflowPlugin(options: WorkflowSchedulerOptions): FastifyPluginAsync {
  const { tidegate, allow = LOOPBACK, timezone = "UTC", operator = "flink", policies = {} } = options;
  const callers = allowListOf(allow);
  const settings = { timezone, operator, policies };
  return async (app) => {
    app.setErrorHandler(answerError);
    await app.register(async (routes) => {
      routes.addHook("onRequest", async ({ socket }) => requireAllowed(callers, socket.remoteAddress));
      const workflows = (): Workflows => new Workflows(tidegate.client, settings);
      const route = { bodyLimit: MAX_BYTES };
      routes.post(`${PATH}/create`, route, ({ body }) => workflows().create(createBody.parse(body)));
      routes.post(`${PATH}/suspend`, route, async ({ body }) => {
        await workflows().suspend(workflowBody.parse(body));
        return {};
      });
      routes.post(`${PATH}/resume`, route, async ({ body }) => {
        const { dynamicOptions, ...name } = resumeBody.parse(body);
        await workflows().resume(name, dynamicOptions);
        return {};
      });
      routes.delete(`${PATH}/delete`, route, async ({ body }) => {
        await workflows().delete(workflowBody.parse(body));
        return {};
      });
    });
  };
}

/** Checks the connection's own address, whatever headers say. */
function requireAllowed(callers: AllowList, address: string | undefined): void {
  if (callers.has(address)) return;
  throw Object.assign(new Error("This address may not schedule tables."), { statusCode: 403 });
}
