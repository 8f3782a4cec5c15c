import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import type { ScheduleClient, ScheduleInfo, ScheduleStore } from "@tidegate/core";
import { z } from "zod";
import { refusals } from "../schemas/error.js";
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
import { labelsOf } from "./labels.js";

const params = z.object({ groupId });
const tags = ["schedules"];

/** Schedules: what is defined, and their life. */
export function scheduleRoutes(client: ScheduleClient, store: ScheduleStore): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      "/schedules",
      {
        schema: {
          operationId: "listSchedules",
          tags,
          summary: "Schedules by group, a page at a time. Deleted ones when `status` asks for them.",
          querystring: z.strictObject({
            status: severalOf(scheduleStatus),
            engine: z.string().max(64).optional(),
            prefix: z.string().max(200).optional().describe("What the group id begins with."),
            label: severalOf(z.string().max(320)).describe("`name=value`; all that are given must match."),
            ...pageQuery,
          }),
          response: { 200: pageOf(schedule), ...refusals(400) },
        },
      },
      ({ query: { status, engine, prefix, label, limit, cursor } }) =>
        client.list(
          given({ statuses: status, engine, groupIdPrefix: prefix, labels: labelsOf(label) }),
          given({ limit, cursor }),
        ),
    );

    app.put(
      "/schedules/:groupId",
      {
        config: { invalidBodyCode: "SCHEDULE_INVALID" },
        schema: {
          operationId: "putSchedule",
          tags,
          summary:
            "Makes a group's schedule what the body says: registers it, or updates it where it differs.",
          params,
          querystring: z.strictObject({
            version: z.coerce
              .number()
              .int()
              .min(1)
              .optional()
              .describe("Updates only where this still is the schedule's version."),
          }),
          body: groupDefinition,
          response: { 200: registered, ...refusals(400, 404, 409) },
        },
      },
      ({ params: { groupId }, query: { version }, body }) => {
        const info = { ...body, groupId } as ScheduleInfo;
        return version === undefined ? client.ensure(info) : client.update(info, { version });
      },
    );

    app.get(
      "/schedules/:groupId",
      {
        schema: {
          operationId: "getSchedule",
          tags,
          summary: "A schedule as the store has it.",
          params,
          response: { 200: schedule, ...refusals(400, 404) },
        },
      },
      ({ params: { groupId } }) => client.get(groupId),
    );

    app.delete(
      "/schedules/:groupId",
      {
        schema: {
          operationId: "deleteSchedule",
          tags,
          summary: "Ends a schedule. Its ledger is kept, unless `purge` is true.",
          params,
          querystring: z.strictObject({ purge: z.enum(["true", "false"]).optional() }),
          response: { 204: z.null(), ...refusals(400, 404, 409) },
        },
      },
      async ({ params: { groupId }, query: { purge } }, reply) => {
        await client.unregister(groupId, { purge: purge === "true" });
        return reply.code(204).send(null);
      },
    );

    app.get(
      "/schedules/:groupId/description",
      {
        schema: {
          operationId: "describeSchedule",
          tags,
          summary: "Counts, what runs, what did not run and why, and what comes next.",
          params,
          response: { 200: description, ...refusals(400, 404) },
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
          summary: "Every version of a schedule, oldest first.",
          params,
          response: { 200: z.array(scheduleVersion).readonly(), ...refusals(400, 404) },
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
          summary: "Plans and starts nothing until it is resumed.",
          params,
          body: z.strictObject({ note: z.string().max(2_000).optional() }).nullish(),
          response: { 200: schedule, ...refusals(400, 404, 409) },
        },
      },
      ({ params: { groupId }, body }) => client.pause(groupId, body?.note),
    );

    app.post(
      "/schedules/:groupId/resume",
      {
        schema: {
          operationId: "resumeSchedule",
          tags,
          summary: "Goes on at the watermark.",
          params,
          response: { 200: schedule, ...refusals(400, 404, 409) },
        },
      },
      ({ params: { groupId } }) => client.resume(groupId),
    );
  };
}
