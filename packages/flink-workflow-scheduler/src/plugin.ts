import { validatorCompiler, type ZodTypeProvider } from "@fastify/type-provider-zod";
import { type AllowList, allowListOf, HttpError, LOOPBACK, named } from "@tidegate/manager/http-kit";
import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import { answerFlink } from "./answer-refusal.js";
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
  return named("tidegate-workflows", async (app: FastifyInstance) => {
    app.setErrorHandler(answerFlink);
    app.setValidatorCompiler(validatorCompiler);
    await app.register(
      named("tidegate-workflow-routes", async (plain: FastifyInstance) => {
        const routes = plain.withTypeProvider<ZodTypeProvider>();
        routes.addHook("onRequest", async ({ socket }) => requireAllowed(callers, socket.remoteAddress));
        const workflows = (): Workflows => new Workflows(tidegate.client, settings);
        const route = <Body>(body: Body) => ({ bodyLimit: MAX_BYTES, schema: { body } });
        routes.post(`${PATH}/create`, route(createBody), ({ body }) => workflows().create(body));
        routes.post(`${PATH}/suspend`, route(workflowBody), async ({ body }) => {
          await workflows().suspend(body);
          return {};
        });
        routes.post(`${PATH}/resume`, route(resumeBody), async ({ body }) => {
          const { dynamicOptions, ...name } = body;
          await workflows().resume(name, dynamicOptions);
          return {};
        });
        routes.delete(`${PATH}/delete`, route(workflowBody), async ({ body }) => {
          await workflows().delete(body);
          return {};
        });
      }),
    );
  });
}

/** Checks the connection's own address, whatever headers say. */
function requireAllowed(callers: AllowList, address: string | undefined): void {
  if (callers.has(address)) return;
  throw new HttpError(403, "FORBIDDEN", "This address may not schedule tables.");
}
