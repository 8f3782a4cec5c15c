import type {
  BackfillRequest,
  Interval,
  ScheduleClient,
  ScheduleFilter,
  ScheduleInfo,
  ScheduleStatus,
} from "@tidegate/core";
import type { FastifyPluginAsync } from "fastify";
import { page } from "./page.js";

type Definition = Omit<ScheduleInfo, "groupId">;
interface Group {
  readonly groupId: string;
}
interface Listing {
  readonly status?: ScheduleStatus;
  readonly engine?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

/** Schedules: definitions, their life, their ledger. */
export function scheduleRoutes(client: ScheduleClient): FastifyPluginAsync {
  return async (app) => {
    app.get<{ Querystring: Listing }>("/schedules", ({ query: { status, engine, limit, cursor } }) => {
      const filter: ScheduleFilter = {
        ...(status === undefined ? {} : { statuses: [status] }),
        ...(engine === undefined ? {} : { engine }),
      };
      return client.list(filter, page(limit, cursor));
    });
    app.post<{ Body: { schedule: ScheduleInfo; count?: number } }>("/preview", ({ body }) =>
      client.preview(body.schedule, body.count),
    );
    app.put<{ Params: Group; Body: Definition }>("/schedules/:groupId", ({ params, body }) =>
      client.ensure({ ...body, ...params }),
    );
    app.get<{ Params: Group }>("/schedules/:groupId", ({ params }) => client.describe(params.groupId));
    app.delete<{ Params: Group; Querystring: { purge?: string } }>(
      "/schedules/:groupId",
      async ({ params, query }, reply) => {
        await client.unregister(params.groupId, { purge: query.purge === "true" });
        return reply.code(204).send();
      },
    );
    app.post<{ Params: Group; Body: { note?: string } | null }>(
      "/schedules/:groupId/pause",
      ({ params, body }) => client.pause(params.groupId, body?.note),
    );
    app.post<{ Params: Group }>("/schedules/:groupId/resume", ({ params }) => client.resume(params.groupId));
    app.post<{ Params: Group; Body: Interval | null }>("/schedules/:groupId/trigger", ({ params, body }) =>
      client.trigger(params.groupId, body ?? undefined),
    );
    app.post<{ Params: Group; Body: Omit<BackfillRequest, "groupId"> }>(
      "/schedules/:groupId/backfills",
      ({ params, body }) => client.backfill({ ...body, ...params }),
    );
    app.get<{ Params: Group }>("/schedules/:groupId/audit", ({ params }) => client.audit(params.groupId));
  };
}
