import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import type { ScheduleClient, ScheduleInfo } from "@tidegate/core";
import { z } from "zod";
import { HttpError } from "../errors/http-error.js";
import { auditReport } from "../schemas/audit.js";
import { backfill, backfillPlan, backfillRequest } from "../schemas/backfill.js";
import { refusals } from "../schemas/error.js";
import { givenInterval, instant } from "../schemas/interval.js";
import { given } from "../schemas/page.js";
import { run } from "../schemas/run.js";
import { definition, groupId, preview } from "../schemas/schedule.js";

const params = z.object({ groupId });
const tags = ["ledger"];
const count = z.coerce.number().int().min(1).max(10_000).optional().describe("How many. Default 10.");

/** A group's ledger: its proof, its future, and what a person adds to it. */
export function ledgerRoutes(client: ScheduleClient): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      "/schedules/:groupId/audit",
      {
        schema: {
          operationId: "audit",
          tags,
          summary: "Accounts for every millisecond of a group's ledger, or of a part of it.",
          params,
          querystring: z.strictObject({ lower: instant.optional(), upper: instant.optional() }),
          response: { 200: auditReport, ...refusals(400, 404, 422) },
        },
      },
      ({ params: { groupId }, query: { lower, upper } }) => {
        if (lower !== undefined && upper !== undefined) return client.audit(groupId, { lower, upper });
        if (lower === undefined && upper === undefined) return client.audit(groupId);
        throw new HttpError(400, "REQUEST_INVALID", "lower, upper: give both or none.", { field: "lower" });
      },
    );

    app.get(
      "/schedules/:groupId/preview",
      {
        schema: {
          operationId: "previewSchedule",
          tags,
          summary: "A group's intervals to come, without any effect.",
          params,
          querystring: z.strictObject({ count }),
          response: { 200: preview, ...refusals(400, 404) },
        },
      },
      ({ params: { groupId }, query: { count } }) => client.preview(groupId, count),
    );

    app.post(
      "/preview",
      {
        config: { invalidBodyCode: "SCHEDULE_INVALID" },
        schema: {
          operationId: "previewDefinition",
          tags,
          summary: "The intervals that a definition would have, without registering it.",
          querystring: z.strictObject({ count }),
          body: definition,
          response: { 200: preview, ...refusals(400) },
        },
      },
      ({ body, query: { count } }) => client.preview(body as ScheduleInfo, count),
    );

    app.post(
      "/schedules/:groupId/trigger",
      {
        schema: {
          operationId: "trigger",
          tags,
          summary:
            "Runs a group now: what is owed, else the last interval again, or all intervals of a range.",
          params,
          body: givenInterval.nullish(),
          response: { 202: z.array(run).readonly(), ...refusals(400, 404, 409, 422) },
        },
      },
      async ({ params: { groupId }, body }, reply) =>
        reply.code(202).send(await client.trigger(groupId, body ?? undefined)),
    );

    app.post(
      "/schedules/:groupId/backfills",
      {
        schema: {
          operationId: "backfill",
          tags,
          summary: "Runs a past range beside the live schedule.",
          params,
          body: backfillRequest,
          response: { 202: backfillPlan, ...refusals(400, 404, 422) },
        },
      },
      async ({ params: { groupId }, body }, reply) => {
        const { from, to, ...rest } = body;
        return reply.code(202).send(await client.backfill({ groupId, from, to, ...given(rest) }));
      },
    );

    app.get(
      "/backfills/:id",
      {
        schema: {
          operationId: "getBackfill",
          tags,
          summary: "A backfill as it stands.",
          params: z.object({ id: z.string() }),
          response: { 200: backfill, ...refusals(404) },
        },
      },
      async ({ params: { id } }) => {
        const found = await client.getBackfill(id);
        if (found !== undefined) return found;
        throw new HttpError(404, "RUN_NOT_FOUND", "There is no such backfill.", { field: "id" });
      },
    );

    app.post(
      "/backfills/:id/cancel",
      {
        schema: {
          operationId: "cancelBackfill",
          tags,
          summary: "Plans no more runs of a backfill.",
          params: z.object({ id: z.string() }),
          response: { 202: z.null(), ...refusals(404) },
        },
      },
      async ({ params: { id } }, reply) => {
        await client.cancelBackfill(id);
        return reply.code(202).send(null);
      },
    );
  };
}
