import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import { z } from "zod";
import { errorBody, refusals } from "../schemas/error.js";

const health = z
  .object({ status: z.literal("ok").describe("Always `ok`.") })
  .meta({ id: "Health", description: "This process answers.", examples: [{ status: "ok" }] });

/**
 * The route that reports that this process is alive. It ignores the store and engines, which a restart would
 * not repair.
 */
export const healthRoute: FastifyPluginAsyncZod = async (app) => {
  app.get(
    "/health",
    {
      schema: {
        operationId: "health",
        tags: ["service"],
        summary: "Check that this process answers.",
        security: [],
        response: { 200: health, ...refusals(errorBody, 400) },
      },
    },
    async () => ({ status: "ok" as const }),
  );
};
