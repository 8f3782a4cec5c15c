import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import type { ScheduleClient } from "@tidegate/core";
import { z } from "zod";
import { restRefusals } from "../schemas/error.js";
import { given } from "../schemas/page.js";
import { planReference, restatement, restatementPlan, restatementRequest } from "../schemas/restatement.js";

const noQuery = z.strictObject({});
const tags = ["coverage"];

/** Returns the routes that run time again, and what follows from it. */
export function restatementRoutes(client: ScheduleClient): FastifyPluginAsyncZod {
  return async (app) => {
    app.post(
      "/restatements/plans",
      {
        schema: {
          operationId: "planRestatement",
          tags,
          summary: "Plan to run time of a group again, and what follows from it, without any effect.",
          querystring: noQuery,
          body: restatementRequest,
          response: { 200: restatementPlan, ...restRefusals(404, 409, 422) },
        },
      },
      ({ body: { groupId, from, to, ...rest } }) => client.restate({ groupId, from, to, ...given(rest) }),
    );

    app.post(
      "/restatements",
      {
        schema: {
          operationId: "applyRestatement",
          tags,
          summary: "Begin a planned restatement, if its ledgers have not moved since.",
          querystring: noQuery,
          body: planReference,
          response: { 202: restatement, ...restRefusals(404, 409, 422) },
        },
      },
      async ({ body: { planId } }, reply) => reply.code(202).send(await client.applyRestatement(planId)),
    );
  };
}
