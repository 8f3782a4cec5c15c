import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import type { ScheduleClient } from "@tidegate/core";
import { z } from "zod";
import { restRefusals } from "../schemas/error.js";
import { given, pageOf, pageQuery, severalOf } from "../schemas/page.js";
import {
  explanation,
  readyRequest,
  retryRequest,
  run,
  runKind,
  runLog,
  runState,
  shardPage,
  shardState,
} from "../schemas/run.js";
import { groupId } from "../schemas/schedule.js";
import { requestId, runIdText, wholeNumber } from "../schemas/text.js";
import type { Cursors } from "./cursors.js";

const params = z.object({ id: runIdText });
const noQuery = z.strictObject({});
const tags = ["runs"];

/** A day: the only thing that changes a kept log is a purge of its ledger. */
const KEPT = "private, max-age=86400, immutable";

/** Returns the routes of runs: what happened, why one waits, and what a person can do about it. */
export function runRoutes(client: ScheduleClient, cursors: Cursors): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      "/runs",
      {
        schema: {
          operationId: "listRuns",
          tags,
          summary: "List runs by interval, newest first, a page at a time.",
          querystring: z.strictObject({
            groupId: groupId.optional().describe("Only runs of this group."),
            state: severalOf(runState).describe("Only runs in one of these states."),
            kind: severalOf(runKind).describe("Only runs of one of these kinds."),
            backfillId: requestId.optional().describe("Only runs of this backfill."),
            isJobOpen: z
              .enum(["true", "false"])
              .transform((value) => value === "true")
              .optional()
              .describe("`true`: only runs whose job may still be working; `false`: only the others."),
            isBlocking: z
              .literal("true")
              .transform(() => true)
              .optional()
              .describe("`true`: only failed runs that block their group."),
            order: z.enum(["ascending", "descending"]).optional().describe("Default `descending`."),
            ...pageQuery,
          }),
          response: { 200: pageOf("RunPage", run), ...restRefusals() },
        },
      },
      ({ query: { state, kind, order = "descending", limit, cursor, ...rest } }) => {
        const filter = { ...given({ ...rest, states: state, kinds: kind }), order };
        return cursors.page(["runs", filter], { limit, cursor }, (page) => client.runs(filter, page));
      },
    );

    app.get(
      "/runs/:id",
      {
        schema: {
          operationId: "getRun",
          tags,
          summary: "Get a run.",
          params,
          querystring: noQuery,
          response: { 200: run, ...restRefusals(404) },
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
          summary: "Explain why a run waits, or what became of it.",
          params,
          querystring: noQuery,
          response: { 200: explanation, ...restRefusals(404) },
        },
      },
      ({ params: { id } }) => client.explain(id),
    );

    app.get(
      "/runs/:id/shards",
      {
        schema: {
          operationId: "listShards",
          tags,
          summary: "List the shards of a run in the order of its split, a page at a time.",
          params,
          querystring: z.strictObject({
            state: severalOf(shardState).describe("Only shards in one of these states."),
            ...pageQuery,
          }),
          response: { 200: shardPage, ...restRefusals(404) },
        },
      },
      ({ params: { id }, query: { state, limit, cursor } }) => {
        const filter = given({ states: state });
        return cursors.page(["shards", id, filter], { limit, cursor }, (page) =>
          client.shards(id, filter, page),
        );
      },
    );

    app.get(
      "/runs/:id/logs",
      {
        schema: {
          operationId: "getLogs",
          tags,
          summary: "Get what an attempt of a run has logged: the last 256 kB, or what is new.",
          params,
          querystring: z.strictObject({
            attempt: wholeNumber(1, 1_000_000)
              .optional()
              .describe("The ordinal of the attempt over all retries, 1 for the first. Default: the newest."),
            after: wholeNumber(0, Number.MAX_SAFE_INTEGER)
              .optional()
              .describe("Only lines from this number on: `next` of an earlier answer. Default 0."),
          }),
          response: { 200: runLog, ...restRefusals(404) },
        },
      },
      async ({ params: { id }, query }, reply) => {
        const log = await client.logs(id, given(query));
        // Without its number, the newest attempt may be another one tomorrow.
        reply.header("cache-control", log.isFinal && query.attempt !== undefined ? KEPT : "no-store");
        return log;
      },
    );

    app.post(
      "/runs/:id/cancel",
      {
        schema: {
          operationId: "cancelRun",
          tags,
          summary: "Cancel a run; an active one as soon as its job has stopped.",
          params,
          querystring: noQuery,
          response: { 202: run, ...restRefusals(404, 409) },
        },
      },
      async ({ params: { id } }, reply) => {
        await client.cancelRun(id);
        return reply.code(202).send(await client.getRun(id));
      },
    );

    app.post(
      "/runs/:id/mark-ready",
      {
        schema: {
          operationId: "markReady",
          tags,
          summary: "Open the gates of a run by hand, whatever they wait for.",
          params,
          querystring: noQuery,
          body: readyRequest.nullish(),
          response: { 202: run, ...restRefusals(404, 409) },
        },
      },
      async ({ params: { id }, body }, reply) => {
        await client.markReady(id, body?.note);
        return reply.code(202).send(await client.getRun(id));
      },
    );

    app.post(
      "/runs/:id/retry",
      {
        schema: {
          operationId: "retryRun",
          tags,
          summary: "Give a failed or cancelled run all its attempts again.",
          params,
          querystring: noQuery,
          body: retryRequest.nullish(),
          response: { 202: run, ...restRefusals(404, 409) },
        },
      },
      async ({ params: { id }, body }, reply) => {
        await client.retryRun(id, given(body ?? {}));
        return reply.code(202).send(await client.getRun(id));
      },
    );

    app.post(
      "/schedules/:groupId/retry",
      {
        schema: {
          operationId: "retryRuns",
          tags,
          summary: "Retry all failed runs of a group that no other run covers.",
          params: z.object({ groupId }),
          querystring: noQuery,
          body: retryRequest.nullish(),
          response: {
            202: z.array(z.string()).readonly().describe("Ids of the retried runs, oldest interval first."),
            ...restRefusals(404, 409),
          },
        },
      },
      async ({ params: { groupId }, body }, reply) =>
        reply.code(202).send(await client.retryRuns(groupId, given(body ?? {}))),
    );
  };
}
