import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import type { ScheduleClient } from "@tidegate/core";
import { lateStateSchema, lateTimeSchema } from "@tidegate/core/schema";
import { z } from "zod";
import { HttpError } from "../errors/http-error.js";
import { restRefusals } from "../schemas/error.js";
import { instant } from "../schemas/interval.js";
import { given, pageOf, pageQuery, severalOf } from "../schemas/page.js";
import { groupId } from "../schemas/schedule.js";
import type { Cursors } from "./cursors.js";

/** Returns the route of late data. */
export function lateDataRoutes(client: ScheduleClient, cursors: Cursors): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      "/late-data",
      {
        schema: {
          operationId: "listLateData",
          tags: ["coverage"],
          summary:
            "List time for which rows came after it had been covered, by group, then time, a page at a time.",
          querystring: z.strictObject({
            groupId: groupId.optional().describe("Only time of this group."),
            state: severalOf(lateStateSchema).describe("Only what was settled in one of these ways."),
            lower: instant.optional().describe("Only time that ends after this; with `upper`."),
            upper: instant.optional().describe("Only time that begins before this; with `lower`."),
            ...pageQuery,
          }),
          response: { 200: pageOf("LateDataPage", lateTimeSchema), ...restRefusals() },
        },
      },
      ({ query: { groupId, state, lower, upper, limit, cursor } }) => {
        if ((lower === undefined) !== (upper === undefined)) {
          throw new HttpError(400, "REQUEST_INVALID", "lower, upper: give both or none.", { field: "lower" });
        }
        const within = lower === undefined || upper === undefined ? undefined : { lower, upper };
        const filter = given({ groupId, states: state, within });
        return cursors.page(["late-data", filter], { limit, cursor }, (page) =>
          client.lateData(filter, page),
        );
      },
    );
  };
}
