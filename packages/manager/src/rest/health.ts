import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import { z } from "zod";

/** Whether this process answers. It says nothing of the store or of engines: a restart would not mend those. */
export const healthRoute: FastifyPluginAsyncZod = async (app) => {
  app.get(
    "/health",
    {
      schema: {
        operationId: "health",
        tags: ["service"],
        summary: "Whether this process answers.",
        response: { 200: z.object({ status: z.literal("ok") }) },
      },
    },
    async () => ({ status: "ok" as const }),
  );
};
