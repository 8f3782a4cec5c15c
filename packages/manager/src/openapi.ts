import fastifySwagger from "@fastify/swagger";
import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import type { FastifyInstance, RouteOptions } from "fastify";
import type { OpenAPIV3_1 } from "openapi-types";
import { z } from "zod";
import { API_VERSION } from "./api-version.js";
import { ComponentSchemas } from "./schemas/components.js";
import { errorBody, refusals } from "./schemas/error.js";

/** A separate name, so that a server that documents itself keeps its own. */
const DECORATOR = "tidegateOpenapi";

/** Builds the OpenAPI document of all routes that are registered after this. */
export async function documentRoutes(app: FastifyInstance, hasToken: boolean): Promise<void> {
  const components = new ComponentSchemas();
  app.addHook("onRoute", hideFromOthers);
  await app.register(fastifySwagger, {
    decorator: DECORATOR,
    transform: ({ schema, url }) => ({ schema: components.routeSchema(schema), url }),
    transformObject: (document) =>
      components.complete((document as { openapiObject: OpenAPIV3_1.Document }).openapiObject),
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Tidegate manager",
        description:
          "Schedules of offline data synchronization, their runs, and the proof that nothing was missed. Each answer has the version of this interface in its header `tidegate-api`; a request that has the header is refused by a manager of another version.",
        version: API_VERSION,
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
      servers: [{ url: "/", description: "The manager that serves this document." }],
      tags: [
        { name: "schedules", description: "Definitions and their life." },
        { name: "ledger", description: "A group's past and future: audit, preview, trigger, backfill." },
        {
          name: "coverage",
          description: "Coverage of groups, and source groups, whose coverage others report.",
        },
        { name: "runs", description: "Single runs." },
        { name: "pools", description: "Slots that the runs of several schedules share." },
        { name: "callbacks", description: "Callbacks of other schedulers." },
        { name: "service", description: "The service itself." },
      ],
      ...(hasToken ? { security: [{ bearer: [] }] } : {}),
      components: {
        securitySchemes: {
          bearer: { type: "http", scheme: "bearer" },
          signature: {
            type: "apiKey",
            in: "header",
            name: "webhook-signature",
            description: "Standard Webhooks 1.0.0, with webhook-id and webhook-timestamp.",
          },
          statusKey: { type: "apiKey", in: "query", name: "key" },
        },
      },
    },
  });
}

/** The route of the OpenAPI document. */
export const openapiRoute: FastifyPluginAsyncZod = async (app) => {
  app.get(
    "/openapi.json",
    {
      schema: {
        operationId: "openapi",
        tags: ["service"],
        summary: "Get the OpenAPI document.",
        security: [],
        response: {
          200: z.looseObject({ openapi: z.string() }).describe("This document."),
          ...refusals(errorBody, 403),
        },
      },
    },
    async () => (app as unknown as Record<typeof DECORATOR, () => { openapi: string }>)[DECORATOR](),
  );
};

/**
 * Hides a route from a server that documents itself: it sees these routes too, but does not know their
 * schemas.
 */
function hideFromOthers(route: RouteOptions): void {
  route.schema = { ...route.schema, hide: true };
}
