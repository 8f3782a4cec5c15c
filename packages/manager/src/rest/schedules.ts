import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import type { ScheduleClient, ScheduleInfo } from "@tidegate/core";
import type { ScheduleStore } from "@tidegate/core/store";
import { z } from "zod";
import { HttpError } from "../errors/http-error.js";
import { restRefusals } from "../schemas/error.js";
import { given, pageOf, pageQuery, severalOf } from "../schemas/page.js";
import {
  description,
  groupDefinition,
  groupId,
  registered,
  schedule,
  scheduleStatus,
  scheduleVersion,
} from "../schemas/schedule.js";
import { labelText, line, note, wholeNumber } from "../schemas/text.js";
import type { Cursors } from "./cursors.js";
import { etagOf, ifMatch, ifMatchOrNone, onlyIfMatch } from "./if-match.js";
import { labelsOf } from "./labels.js";

const params = z.object({ groupId });
const noQuery = z.strictObject({});
const tags = ["schedules"];
const pauseRequest = z.strictObject({ note: note(2_000).optional().describe("Why, for people.") }).meta({
  id: "PauseRequest",
  description: "A pause.",
  examples: [{ note: "The warehouse is being moved." }],
});

/** Returns the routes of schedules: their definitions and lifecycle. */
export function scheduleRoutes(
  client: ScheduleClient,
  store: ScheduleStore,
  cursors: Cursors,
): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      "/schedules",
      {
        schema: {
          operationId: "listSchedules",
          tags,
          summary: "List schedules by group, a page at a time. Deleted ones only if `status` asks for them.",
          querystring: z.strictObject({
            status: severalOf(scheduleStatus).describe("Only schedules in one of these states."),
            engine: line(64).optional().describe("Only schedules on this engine."),
            prefix: line(200).optional().describe("Only groups whose id begins with this."),
            label: severalOf(labelText).describe("`name=value`; all that are given must match."),
            ...pageQuery,
          }),
          response: { 200: pageOf("SchedulePage", schedule), ...restRefusals() },
        },
      },
      ({ query: { status, engine, prefix, label, limit, cursor } }) => {
        const labels = labelsOf(label);
        const filter = given({ statuses: status, engine, groupIdPrefix: prefix, labels });
        return cursors.page(["schedules", filter], { limit, cursor }, (page) => client.list(filter, page));
      },
    );

    app.put(
      "/schedules/:groupId",
      {
        config: { invalidBodyCode: "SCHEDULE_INVALID" },
        schema: {
          operationId: "putSchedule",
          tags,
          summary: "Make a group's schedule what the body says: register it, or update it where it differs.",
          params,
          querystring: z.strictObject({
            version: wholeNumber(1, Number.MAX_SAFE_INTEGER)
              .optional()
              .describe("Update only if this still is the schedule's version."),
            plannedRuns: z
              .enum(["keep", "adopt"])
              .optional()
              .describe(
                "With `version` or `If-Match`: whether waiting runs keep the version they were planned with, or adopt the new one. Default `keep`.",
              ),
          }),
          headers: ifMatchOrNone,
          body: groupDefinition,
          response: { 200: registered, ...restRefusals(404, 409, 412) },
        },
      },
      async ({ params: { groupId }, query: { version, plannedRuns }, headers, body }, reply) => {
        if (body.groupId !== undefined && body.groupId !== groupId) {
          throw new HttpError(400, "SCHEDULE_INVALID", "groupId: must be the same as in the path.", {
            field: "groupId",
          });
        }
        if (plannedRuns !== undefined && version === undefined && headers["if-match"] === undefined) {
          throw new HttpError(400, "REQUEST_INVALID", "plannedRuns: needs `version` or If-Match.", {
            field: "plannedRuns",
          });
        }
        const info = { ...body, groupId } as ScheduleInfo;
        const put = (seen = version) =>
          seen === undefined
            ? client.ensure(info)
            : client.update(info, { version: version ?? seen, ...given({ plannedRuns }) });
        const result =
          headers["if-none-match"] === undefined
            ? await onlyIfMatch(headers["if-match"], client, groupId, put)
            : await client.register(info);
        reply.header("etag", etagOf(result.schedule));
        return result;
      },
    );

    app.get(
      "/schedules/:groupId",
      {
        schema: {
          operationId: "getSchedule",
          tags,
          summary: "Get a schedule as the store has it.",
          params,
          querystring: noQuery,
          response: { 200: schedule, ...restRefusals(404) },
        },
      },
      async ({ params: { groupId } }, reply) => {
        const found = await client.get(groupId);
        reply.header("etag", etagOf(found));
        return found;
      },
    );

    app.delete(
      "/schedules/:groupId",
      {
        schema: {
          operationId: "deleteSchedule",
          tags,
          summary: "End a schedule. Its ledger is kept, unless `purge` is true.",
          params,
          querystring: z.strictObject({
            purge: z.enum(["true", "false"]).optional().describe("Also remove the ledger, for good."),
            force: z
              .enum(["true", "false"])
              .optional()
              .describe("Also if other groups depend on it; their runs wait then."),
          }),
          headers: ifMatch,
          response: { 204: z.null().describe("Ended."), ...restRefusals(404, 409, 412) },
        },
      },
      async ({ params: { groupId }, query: { purge, force }, headers }, reply) => {
        await onlyIfMatch(headers["if-match"], client, groupId, (version) =>
          client.unregister(groupId, {
            purge: purge === "true",
            force: force === "true",
            ...given({ version }),
          }),
        );
        return reply.code(204).send(null);
      },
    );

    app.get(
      "/schedules/:groupId/description",
      {
        schema: {
          operationId: "describeSchedule",
          tags,
          summary: "Describe a schedule: counts, what runs, what did not run and why, and what comes next.",
          params,
          querystring: noQuery,
          response: { 200: description, ...restRefusals(404) },
        },
      },
      ({ params: { groupId } }) => client.describe(groupId),
    );

    app.get(
      "/schedules/:groupId/versions",
      {
        schema: {
          operationId: "listVersions",
          tags,
          summary: "List every version of a schedule, oldest first.",
          params,
          querystring: noQuery,
          response: {
            200: z.array(scheduleVersion).readonly().describe("Every version."),
            ...restRefusals(404),
          },
        },
      },
      async ({ params: { groupId } }) => {
        await client.get(groupId);
        return store.listVersions(groupId);
      },
    );

    app.post(
      "/schedules/:groupId/pause",
      {
        schema: {
          operationId: "pauseSchedule",
          tags,
          summary: "Pause a schedule: nothing is planned or started until it is resumed.",
          params,
          querystring: noQuery,
          headers: ifMatch,
          body: pauseRequest.nullish(),
          response: { 200: schedule, ...restRefusals(404, 409, 412) },
        },
      },
      async ({ params: { groupId }, headers, body }, reply) => {
        const paused = await onlyIfMatch(headers["if-match"], client, groupId, (version) =>
          client.pause(groupId, body?.note, given({ version })),
        );
        reply.header("etag", etagOf(paused));
        return paused;
      },
    );

    app.post(
      "/schedules/:groupId/resume",
      {
        schema: {
          operationId: "resumeSchedule",
          tags,
          summary: "Resume a schedule at its watermark.",
          params,
          querystring: noQuery,
          headers: ifMatch,
          response: { 200: schedule, ...restRefusals(404, 409, 412) },
        },
      },
      async ({ params: { groupId }, headers }, reply) => {
        const resumed = await onlyIfMatch(headers["if-match"], client, groupId, (version) =>
          client.resume(groupId, given({ version })),
        );
        reply.header("etag", etagOf(resumed));
        return resumed;
      },
    );
  };
}
