import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import type { ScheduleClient } from "@tidegate/core";
import { deadlineRecordSchema, deadlineStateSchema, deadlineSubjectSchema } from "@tidegate/core/schema";
import { z } from "zod";
import { HttpError } from "../errors/http-error.js";
import { restRefusals } from "../schemas/error.js";
import { instant } from "../schemas/interval.js";
import { given, pageOf, pageQuery, severalOf } from "../schemas/page.js";
import { groupId } from "../schemas/schedule.js";
import type { Cursors } from "./cursors.js";

/** Returns the route of deadlines. */
export function deadlineRoutes(client: ScheduleClient, cursors: Cursors): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      "/deadlines",
      {
        schema: {
          operationId: "listDeadlines",
          tags: ["ledger"],
          summary:
            "List deadlines that were not simply met, newest first, a page at a time: at risk, missed, met late or after a risk, or excused.",
          querystring: z.strictObject({
            groupId: groupId.optional().describe("Only deadlines of this group."),
            state: severalOf(deadlineStateSchema).describe("Only deadlines in one of these states."),
            subject: severalOf(deadlineSubjectSchema).describe("Only deadlines of these subjects."),
            lower: instant.optional().describe("Only intervals that end after this; with `upper`."),
            upper: instant.optional().describe("Only intervals that begin before this; with `lower`."),
            order: z
              .enum(["ascending", "descending"])
              .optional()
              .describe("By deadline. Default `descending`."),
            ...pageQuery,
          }),
          response: { 200: pageOf("DeadlinePage", deadlineRecordSchema), ...restRefusals() },
        },
      },
      ({ query: { groupId, state, subject, lower, upper, order = "descending", limit, cursor } }) => {
        if ((lower === undefined) !== (upper === undefined)) {
          throw new HttpError(400, "REQUEST_INVALID", "lower, upper: give both or none.", { field: "lower" });
        }
        const within = lower === undefined || upper === undefined ? undefined : { lower, upper };
        const filter = { ...given({ groupId, states: state, subjects: subject, within }), order };
        return cursors.page(["deadlines", filter], { limit, cursor }, (page) =>
          client.deadlines(filter, page),
        );
      },
    );
  };
}
