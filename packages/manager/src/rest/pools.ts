import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import type { PoolInfo, ScheduleClient } from "@tidegate/core";
import { poolInfoSchema, poolStatusSchema } from "@tidegate/core/schema";
import { z } from "zod";
import { restRefusals } from "../schemas/error.js";

const params = z.object({ name: poolInfoSchema.shape.name });
const noQuery = z.strictObject({});
const tags = ["pools"];

const poolDefinition = poolInfoSchema.omit({ name: true }).meta({
  id: "PoolDefinition",
  description: "A pool, whose name is in the path.",
  examples: [{ slots: 8, perSecond: 2 }],
});

/** Returns the routes of pools. */
export function poolRoutes(client: ScheduleClient): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      "/pools",
      {
        schema: {
          operationId: "listPools",
          tags,
          summary: "List all pools by name, and how much of each is in use.",
          querystring: noQuery,
          response: {
            200: z.array(poolStatusSchema).readonly().describe("Every pool."),
            ...restRefusals(),
          },
        },
      },
      () => client.listPools(),
    );

    app.put(
      "/pools/:name",
      {
        config: { invalidBodyCode: "POOL_INVALID" },
        schema: {
          operationId: "putPool",
          tags,
          summary: "Create a pool, or change it. Fewer slots than are used end no run.",
          params,
          querystring: noQuery,
          body: poolDefinition,
          response: { 200: poolStatusSchema, ...restRefusals() },
        },
      },
      ({ params: { name }, body }) => client.setPool({ ...body, name } as PoolInfo),
    );

    app.delete(
      "/pools/:name",
      {
        schema: {
          operationId: "deletePool",
          tags,
          summary: "Delete a pool that no schedule and no planned run needs.",
          params,
          querystring: noQuery,
          response: { 204: z.null().describe("Deleted."), ...restRefusals(404, 409) },
        },
      },
      async ({ params: { name } }, reply) => {
        await client.deletePool(name);
        return reply.code(204).send(null);
      },
    );
  };
}
