import type { RunState, ScheduleClient } from "@tidegate/core";
import type { FastifyPluginAsync } from "fastify";
import { page } from "./page.js";

interface Listing {
  readonly groupId?: string;
  readonly state?: RunState;
  readonly limit?: number;
  readonly cursor?: string;
}
interface Id {
  readonly id: string;
}

/** Runs: what happened, why one waits, and what a person can do about it. */
export function runRoutes(client: ScheduleClient): FastifyPluginAsync {
  return async (app) => {
    app.get<{ Querystring: Listing }>("/runs", ({ query: { groupId, state, limit, cursor } }) => {
      const filter = {
        ...(groupId === undefined ? {} : { groupId }),
        ...(state === undefined ? {} : { states: [state] }),
      };
      return client.runs({ ...filter, order: "descending" }, page(limit, cursor));
    });
    app.get<{ Params: Id }>("/runs/:id", ({ params }) => client.explain(params.id));
    app.post<{ Params: Id }>("/runs/:id/cancel", async ({ params }, reply) => {
      await client.cancelRun(params.id);
      return reply.code(202).send();
    });
    app.post<{ Params: Id }>("/runs/:id/retry", async ({ params }, reply) => {
      await client.retryRun(params.id);
      return reply.code(202).send();
    });
  };
}
