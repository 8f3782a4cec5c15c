import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import type { ScheduleClient, SourceInfo } from "@tidegate/core";
import { sourceInfoSchema } from "@tidegate/core/schema";
import { z } from "zod";
import { HttpError } from "../errors/http-error.js";
import {
  bucketLimit,
  coverageAnswer,
  coverageBuckets,
  coverageReceipt,
  coverageReport,
  staleRun,
  wait,
} from "../schemas/coverage.js";
import { restRefusals } from "../schemas/error.js";
import { instant } from "../schemas/interval.js";
import { given } from "../schemas/page.js";
import { groupId, schedule } from "../schemas/schedule.js";

const params = z.object({ groupId });
const noQuery = z.strictObject({});
const tags = ["coverage"];

const sourceDefinition = sourceInfoSchema
  .extend({ groupId: groupId.optional().describe("The same as in the path, or absent.") })
  .meta({
    id: "SourceDefinition",
    description: "A group without a schedule, whose coverage others report.",
    examples: [{ startTime: "2026-01-01T00:00:00Z", description: "Deliveries of a vendor." }],
  });

/** Returns the routes of source groups, and of what groups cover. */
export function sourceRoutes(client: ScheduleClient): FastifyPluginAsyncZod {
  /** Requests that wait for coverage. */
  const waiting = new Set<AbortController>();
  return async (app) => {
    app.addHook("preClose", async () => {
      for (const each of waiting) each.abort();
    });

    app.put(
      "/sources/:groupId",
      {
        config: { invalidBodyCode: "SCHEDULE_INVALID" },
        schema: {
          operationId: "putSource",
          tags,
          summary: "Register a source group, or update its description where it differs.",
          params,
          querystring: noQuery,
          body: sourceDefinition,
          response: { 200: schedule, ...restRefusals(409) },
        },
      },
      ({ params: { groupId }, body }) => {
        if (body.groupId !== undefined && body.groupId !== groupId) {
          throw new HttpError(400, "SCHEDULE_INVALID", "groupId: must be the same as in the path.", {
            field: "groupId",
          });
        }
        return client.registerSource({ ...body, groupId } as SourceInfo);
      },
    );

    app.post(
      "/groups/:groupId/coverage",
      {
        config: { invalidBodyCode: "INTERVAL_INVALID" },
        schema: {
          operationId: "reportCoverage",
          tags,
          summary: "Report that a source group's data are complete for an interval. It may be repeated.",
          params,
          querystring: noQuery,
          body: coverageReport,
          response: { 200: coverageReceipt, ...restRefusals(404, 409, 422) },
        },
      },
      ({ params: { groupId }, body }) => {
        const { lower, upper, ...rest } = body;
        return client.reportCoverage(groupId, { lower, upper, ...given(rest) });
      },
    );

    app.get(
      "/stale",
      {
        schema: {
          operationId: "listStale",
          tags,
          summary: "List the runs that have read other data than there are now, and what they taint.",
          querystring: z.strictObject({
            groupId: groupId.optional().describe("Only runs of this group."),
          }),
          response: {
            200: z.array(staleRun).readonly().describe("Stale runs, then tainted ones."),
            ...restRefusals(),
          },
        },
      },
      ({ query: { groupId } }) => client.stale(groupId),
    );

    app.get(
      "/groups/:groupId/coverage/buckets",
      {
        schema: {
          operationId: "getCoverageBuckets",
          tags,
          summary:
            "Get a group's time in buckets: its intervals, or units of the calendar if there are too many.",
          params,
          querystring: z.strictObject({
            from: instant
              .optional()
              .describe("Start of the range, with `to`. Default: the ledger's beginning."),
            to: instant.optional().describe("End of the range, exclusive; with `from`. Default: now."),
            limit: bucketLimit,
          }),
          response: { 200: coverageBuckets, ...restRefusals(404, 422) },
        },
      },
      ({ params: { groupId }, query: { from, to, limit } }) => {
        if ((from === undefined) !== (to === undefined)) {
          throw new HttpError(400, "REQUEST_INVALID", "from, to: give both or none.", { field: "from" });
        }
        const range = from === undefined || to === undefined ? undefined : { lower: from, upper: to };
        return client.coverageBuckets(groupId, range, given({ limit }));
      },
    );

    app.get(
      "/groups/:groupId/coverage",
      {
        schema: {
          operationId: "getCoverage",
          tags,
          summary: "Get what of a range a group covers; with `wait`, as soon as it covers all of it.",
          params,
          querystring: z.strictObject({
            from: instant.describe("Start of the range, inclusive."),
            to: instant.describe("End, exclusive."),
            wait,
          }),
          response: { 200: coverageAnswer, ...restRefusals(404, 422) },
        },
      },
      async ({ params: { groupId }, query: { from, to, wait: waitMs = 0 } }, reply) => {
        const gone = new AbortController();
        reply.raw.once("close", () => gone.abort());
        waiting.add(gone);
        const options = { waitMs, signal: gone.signal };
        const answer = await client
          .coverage(groupId, { lower: from, upper: to }, options)
          .finally(() => waiting.delete(gone));
        reply.header("cache-control", "no-store");
        return answer;
      },
    );
  };
}
