import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import type { ScheduleClient } from "@tidegate/core";
import { z } from "zod";
import { restRefusals } from "../schemas/error.js";
import { lags } from "../schemas/lags.js";
import { given } from "../schemas/page.js";
import { wholeNumber } from "../schemas/text.js";

/** Returns the route of lags. */
export function lagRoutes(client: ScheduleClient): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      "/lags",
      {
        schema: {
          operationId: "listLags",
          tags: ["coverage"],
          summary: "List the groups whose planned time is not all covered, the longest lag first.",
          querystring: z.strictObject({
            limit: wholeNumber(1, 1_000).optional().describe("Most groups. Default 100."),
          }),
          response: { 200: lags, ...restRefusals() },
        },
      },
      ({ query }) => client.lags(given(query)),
    );
  };
}
