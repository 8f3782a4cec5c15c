import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { refusals } from "../schemas/error.js";
import { type Callback, callback, receipt } from "./callback.js";

/** What the route does with a request. */
export interface InlongDoor {
  readonly maxBytes: number;
  authenticate(request: FastifyRequest): void;
  take(body: Callback): Promise<z.output<typeof receipt>>;
}

/** InLong's envelope, and what a callback is answered with. */
const answer = receipt.extend({ success: z.literal(true), errMsg: z.null(), data: z.literal(true) });

/**
 * InLong's path and body (`submitOfflineJob`): schedulers that call an InLong manager call this one with another address
 * and a header. Boundaries are milliseconds; what InLong's Airflow template sends (seconds) is off the grid and refused.
 */
export function inlongRoute({ maxBytes, authenticate, take }: InlongDoor): FastifyPluginAsyncZod {
  return async (app) => {
    app.post(
      "/inlong/manager/api/group/submitOfflineJob",
      {
        bodyLimit: maxBytes,
        preValidation: async (request) => authenticate(request),
        schema: {
          operationId: "submitOfflineJob",
          tags: ["door"],
          summary:
            "A callback by InLong's path, answered in InLong's envelope. Refusals have their HTTP status.",
          security: [{ signature: [] }, { bearer: [] }],
          body: callback,
          response: { 200: answer, 202: answer, ...refusals(400, 401, 403, 404, 409, 413, 422, 425, 503) },
        },
      },
      async ({ body }, reply) => {
        const given = await take(body);
        return reply
          .code(given.duplicate ? 200 : 202)
          .send({ success: true, errMsg: null, data: true, ...given });
      },
    );
  };
}
