import fastifySwagger from "@fastify/swagger";
import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import type { FastifyInstance, FastifySchema, RouteOptions } from "fastify";
import { z } from "zod";

/** A name of its own, so that a server which documents itself as well keeps its own. */
const DECORATOR = "tidegateOpenapi";

/** Makes the OpenAPI document of all routes that are registered after this. */
export async function documentRoutes(app: FastifyInstance, hasToken: boolean): Promise<void> {
  app.addHook("onRoute", hideFromOthers);
  await app.register(fastifySwagger, {
    decorator: DECORATOR,
    transform: ({ schema, url }) => ({ schema: asJsonSchemas(schema), url }),
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Tidegate manager",
        description:
          "Schedules of offline data synchronization, their runs, and the proof that nothing was missed.",
        version: "1",
        license: { name: "Apache-2.0", identifier: "Apache-2.0" },
      },
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

/** The document itself. */
export const openapiRoute: FastifyPluginAsyncZod = async (app) => {
  app.get(
    "/openapi.json",
    {
      schema: {
        operationId: "openapi",
        tags: ["service"],
        summary: "This document.",
        security: [],
        response: { 200: z.looseObject({ openapi: z.string() }) },
      },
    },
    async () => (app as unknown as Record<typeof DECORATOR, () => { openapi: string }>)[DECORATOR](),
  );
};

/** A server that documents itself as well hears of these routes too, and cannot know what their schemas are. */
function hideFromOthers(route: RouteOptions): void {
  route.schema = { ...route.schema, hide: true };
}

/** The parts of a route's schema by which requests are read. */
const INPUTS = ["params", "querystring", "body"] as const;

/** A route's Zod schemas as JSON Schema: of requests what may be sent, of answers what is. */
function asJsonSchemas(schema: FastifySchema): FastifySchema {
  const inputs = INPUTS.filter((part) => schema[part] !== undefined).map((part) => [
    part,
    jsonSchemaOf(schema[part], "input"),
  ]);
  const answers = Object.entries(schema.response ?? {}).map(([status, answer]) => [
    status,
    jsonSchemaOf(answer, "output"),
  ]);
  return {
    ...schema,
    ...Object.fromEntries(inputs),
    response: Object.fromEntries(answers),
    hide: false,
  };
}

function jsonSchemaOf(schema: unknown, io: "input" | "output"): object {
  const { $schema, ...rest } = z.toJSONSchema(schema as z.ZodType, { io, unrepresentable: "any" });
  return rest;
}
