import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import { z } from "zod";
import { errorBody, refusals } from "../schemas/error.js";

const health = z
  .object({ status: z.literal("ok").describe("Always `ok`.") })
  .meta({ id: "Health", description: "This process answers.", examples: [{ status: "ok" }] });

/** The route that says whether this process answers. The store and engines are left out: a restart would not repair those. */
export const healthRoute: FastifyPluginAsyncZod = async (app) => {
  app.get(
    "/health",
    {
      schema: {
        operationId: "health",
        tags: ["service"],
        summary: "Check that this process answers.",
        security: [],
        response: { 200: health, ...refusals(errorBody) },
      },
    },
    async () => ({ status: "ok" as const }),
  );
};
