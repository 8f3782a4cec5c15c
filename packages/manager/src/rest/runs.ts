import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import type { ScheduleClient } from "@tidegate/core";
import { z } from "zod";
import { refusals } from "../schemas/error.js";
import { given, pageOf, pageQuery, severalOf } from "../schemas/page.js";
import { explanation, run, runKind, runState } from "../schemas/run.js";
import { groupId } from "../schemas/schedule.js";

const params = z.object({ id: z.string() });
const tags = ["runs"];

/** Runs: what happened, why one waits, and what a person can do about it. */
export function runRoutes(client: ScheduleClient): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      "/runs",
      {
        schema: {
          operationId: "listRuns",
          tags,
          summary: "Runs by their intervals, newest first, a page at a time.",
          querystring: z.strictObject({
            groupId: groupId.optional(),
            state: severalOf(runState),
            kind: severalOf(runKind),
            backfillId: z.string().max(64).optional(),
            isJobOpen: z
              .enum(["true", "false"])
              .transform((value) => value === "true")
              .optional()
              .describe("`true`: only runs whose job may still be working; `false`: only the others."),
            order: z.enum(["ascending", "descending"]).optional().describe("Default `descending`."),
            ...pageQuery,
          }),
          response: { 200: pageOf(run), ...refusals(400) },
        },
      },
      ({ query: { groupId, state, kind, backfillId, isJobOpen, order = "descending", limit, cursor } }) =>
        client.runs(
          { ...given({ groupId, states: state, kinds: kind, backfillId, isJobOpen }), order },
          given({ limit, cursor }),
        ),
    );

    app.get(
      "/runs/:id",
      {
        schema: {
          operationId: "getRun",
          tags,
          summary: "One run.",
          params,
          response: { 200: run, ...refusals(404) },
        },
      },
      ({ params: { id } }) => client.getRun(id),
    );

    app.get(
      "/runs/:id/explanation",
      {
        schema: {
          operationId: "explainRun",
          tags,
          summary: "Why a run waits, or what became of it.",
          params,
          response: { 200: explanation, ...refusals(404) },
        },
      },
      ({ params: { id } }) => client.explain(id),
    );

    app.post(
      "/runs/:id/cancel",
      {
        schema: {
          operationId: "cancelRun",
          tags,
          summary: "Cancels a run; an active one as soon as its job has stopped.",
          params,
          response: { 202: run, ...refusals(404, 409) },
        },
      },
      async ({ params: { id } }, reply) => {
        await client.cancelRun(id);
        return reply.code(202).send(await client.getRun(id));
      },
    );

    app.post(
      "/runs/:id/retry",
      {
        schema: {
          operationId: "retryRun",
          tags,
          summary: "Gives a failed or cancelled run all its attempts again.",
          params,
          response: { 202: run, ...refusals(404, 409) },
        },
      },
      async ({ params: { id } }, reply) => {
        await client.retryRun(id);
        return reply.code(202).send(await client.getRun(id));
      },
    );
  };
}
