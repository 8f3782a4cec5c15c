import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import type { OffsetImport, ScheduleClient, ScheduleInfo } from "@tidegate/core";
import { z } from "zod";
import { HttpError } from "../errors/http-error.js";
import { auditReport } from "../schemas/audit.js";
import { backfill, backfillPlan, backfillRequest } from "../schemas/backfill.js";
import { restRefusals } from "../schemas/error.js";
import { givenInterval, instant } from "../schemas/interval.js";
import { given } from "../schemas/page.js";
import { offsetImport, rebaseRequest } from "../schemas/rebase.js";
import { run } from "../schemas/run.js";
import { definition, groupId, preview, schedule } from "../schemas/schedule.js";
import { seal, sealRequest } from "../schemas/seal.js";
import { snapshotRequest } from "../schemas/snapshot.js";
import { requestId, wholeNumber } from "../schemas/text.js";
import { hasRole } from "./roles.js";

const params = z.object({ groupId });
const tags = ["ledger"];
const backfillParams = z.object({ id: requestId.describe("Id of the backfill.") });
const noQuery = z.strictObject({});
const previewQuery = z.strictObject({
  count: wholeNumber(1, 10_000).optional().describe("How many. Default 10."),
  from: instant.optional().describe("Skips the intervals that end at this instant or before."),
  firstRead: z
    .enum(["true", "false"])
    .optional()
    .describe(
      "Ask the source of a group that is read by positions how much the next run would read. Of a definition that is sent, only for the role editor and above; a note tells others. Default `false`.",
    ),
});

/** Note for those who may not have the manager ask any source that they name. */
const NOT_ASKED = "source: it is asked for a definition only if your role is editor or above.";

/** Returns the routes of a group's ledger: audit, preview, and additions by a person. */
export function ledgerRoutes(client: ScheduleClient): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      "/schedules/:groupId/audit",
      {
        schema: {
          operationId: "audit",
          tags,
          summary: "Account for every millisecond of a group's ledger, or of a part of it.",
          params,
          querystring: z.strictObject({
            lower: instant
              .optional()
              .describe("Start of the audited range; with `upper`. Default: the ledger's beginning."),
            upper: instant
              .optional()
              .describe("End of the range, exclusive; with `lower`. Default: the watermark."),
          }),
          response: { 200: auditReport, ...restRefusals(404, 422) },
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
          summary: "Preview a group's intervals to come, without any effect.",
          params,
          querystring: previewQuery,
          response: { 200: preview, ...restRefusals(404) },
        },
      },
      ({ params: { groupId }, query: { count, from, firstRead } }) =>
        client.preview(groupId, count, { from, firstRead: firstRead === "true" }),
    );

    app.post(
      "/preview",
      {
        config: { invalidBodyCode: "SCHEDULE_INVALID" },
        schema: {
          operationId: "previewDefinition",
          tags,
          summary: "Preview the intervals that a definition would have, without registering it.",
          querystring: previewQuery,
          body: definition,
          response: { 200: preview, ...restRefusals() },
        },
      },
      async (request) => {
        const { body, query } = request;
        const { count, from } = query;
        const info = body as ScheduleInfo;
        const isAsked = query.firstRead === "true" && info.boundaryType === "OFFSET";
        const firstRead = isAsked && hasRole(request, "editor");
        const found = await client.preview(info, count, { from, firstRead });
        return isAsked && !firstRead ? { ...found, notes: [...found.notes, NOT_ASKED] } : found;
      },
    );

    app.post(
      "/schedules/:groupId/trigger",
      {
        schema: {
          operationId: "trigger",
          tags,
          summary:
            "Run a group now: what is owed, else the last interval again, all intervals of a range, or everything that its source has.",
          params,
          querystring: z.strictObject({
            force: z.enum(["true", "false"]).optional().describe("Run sealed time as well. Default `false`."),
            drain: z
              .enum(["true", "false"])
              .optional()
              .describe(
                "Read everything that the group's source has now, although no interval is over; without a range. Default `false`.",
              ),
          }),
          body: givenInterval.nullish(),
          response: {
            202: z.array(run).readonly().describe("The runs that were planned."),
            ...restRefusals(404, 409, 422),
          },
        },
      },
      async ({ params: { groupId }, query: { force, drain }, body }, reply) => {
        const options = { force: force === "true", drain: drain === "true" };
        return reply.code(202).send(await client.trigger(groupId, body ?? undefined, options));
      },
    );

    app.post(
      "/groups/:groupId/seal",
      {
        schema: {
          operationId: "seal",
          tags,
          summary: "Seal a group's time up to an instant: it is written again with force only.",
          params,
          querystring: noQuery,
          body: sealRequest,
          response: { 200: seal, ...restRefusals(404, 409, 422) },
        },
      },
      ({ params: { groupId }, body: { until, note, force } }) =>
        client.seal(groupId, until, note, given({ force })),
    );

    app.post(
      "/schedules/:groupId/rebase",
      {
        schema: {
          operationId: "rebase",
          tags,
          summary:
            "Have the source of a group read from elsewhere: what was planned and not read is cancelled.",
          params,
          querystring: noQuery,
          body: rebaseRequest,
          response: { 200: schedule, ...restRefusals(400, 404, 409, 422, 503) },
        },
      },
      ({ params: { groupId }, body: { startAt, source, job, note, force } }) =>
        client.rebase(groupId, { startAt, ...given({ source, job, note, force }) }),
    );

    app.post(
      "/schedules/:groupId/offsets",
      {
        schema: {
          operationId: "importOffsets",
          tags,
          summary:
            "Take over where another tool stands: read a group's source behind what that tool has read.",
          params,
          querystring: noQuery,
          body: offsetImport,
          response: { 200: schedule, ...restRefusals(400, 404, 409, 422, 503) },
        },
      },
      ({ params: { groupId }, body }) => client.importOffsets(groupId, body as OffsetImport),
    );

    app.post(
      "/schedules/:groupId/snapshots",
      {
        schema: {
          operationId: "resnapshot",
          tags,
          summary: "Make another full copy of a group; increments wait for it and continue where it ends.",
          params,
          querystring: noQuery,
          body: snapshotRequest,
          response: { 202: run, ...restRefusals(400, 404, 409, 422, 503) },
        },
      },
      async ({ params: { groupId }, body: { note, swap, force } }, reply) =>
        reply.code(202).send(await client.resnapshot(groupId, given({ note, swap, force }))),
    );

    app.post(
      "/schedules/:groupId/backfills",
      {
        schema: {
          operationId: "backfill",
          tags,
          summary: "Run a past range beside the live schedule.",
          params,
          querystring: noQuery,
          body: backfillRequest,
          response: { 202: backfillPlan, ...restRefusals(404, 409, 422) },
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
          summary: "Get a backfill as it stands.",
          params: backfillParams,
          querystring: noQuery,
          response: { 200: backfill, ...restRefusals(404) },
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
          summary: "Cancel a backfill: no more of its runs are planned.",
          params: backfillParams,
          querystring: noQuery,
          response: { 202: z.null(), ...restRefusals(404) },
        },
      },
      async ({ params: { id } }, reply) => {
        await client.cancelBackfill(id);
        return reply.code(202).send(null);
      },
    );
  };
}
