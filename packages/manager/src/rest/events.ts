import type { OutgoingHttpHeaders } from "node:http";
import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import type { ChangeFeed } from "@tidegate/core";
import type { Clock } from "@tidegate/core/clock";
import { changeKindSchema } from "@tidegate/core/schema";
import { z } from "zod";
import { EventStreams } from "../events/event-streams.js";
import { restRefusals } from "../schemas/error.js";
import { severalOf } from "../schemas/page.js";
import { groupId } from "../schemas/schedule.js";
import { line } from "../schemas/text.js";

const stream = z.string().meta({
  contentMediaType: "text/event-stream",
  description:
    "Server-sent events. `changes`: its data are JSON, `changes` with a list of what was written, by `kind` and `groupId` (`null`: any group), and `runs` with `id` and `state` if they are few. `reset`: anything may have changed; so begins each stream that does not continue another. An id may come without an event. A comment every 15 s shows that the stream is alive.",
});

/** Returns the route of the stream of changes. */
export function eventRoutes(changes: ChangeFeed, clock: Clock): FastifyPluginAsyncZod {
  return async (app) => {
    const streams = new EventStreams(changes, clock);
    app.addHook("preClose", async () => streams.close());

    app.get(
      "/events",
      {
        exposeHeadRoute: false,
        schema: {
          operationId: "streamEvents",
          tags: ["service"],
          summary: "Stream what changes, so that it can be read again: nothing has to be polled.",
          querystring: z.strictObject({
            group: severalOf(groupId).describe("Only changes of one of these groups."),
            kind: severalOf(changeKindSchema).describe("Only changes of one of these kinds."),
          }),
          headers: z.looseObject({
            "last-event-id": line(200)
              .optional()
              .describe(
                "The id of the last event that was seen: continues there, at any manager of the store.",
              ),
          }),
          response: { 200: stream, ...restRefusals() },
        },
      },
      async ({ query: { group = [], kind = [] }, headers }, reply) => {
        // Those that hooks have set, such as for other origins, are sent as well.
        reply.headers({
          "content-type": "text/event-stream; charset=utf-8",
          "cache-control": "no-store",
          connection: "close",
          // Keeps nginx from collecting events.
          "x-accel-buffering": "no",
        });
        // The stream ends with its connection, so that events need no frames around them.
        reply.raw.useChunkedEncodingByDefault = false;
        reply.raw.writeHead(200, reply.getHeaders() as OutgoingHttpHeaders);
        reply.hijack();
        streams.open(reply.raw, { groupIds: group, kinds: kind }, headers["last-event-id"] || undefined);
        return reply;
      },
    );
  };
}
