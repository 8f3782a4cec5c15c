import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { answerRefusal, bodyOf } from "../errors/answer-error.js";
import { refusals } from "../schemas/error.js";
import { type CallbackBody, callback, receipt } from "./schemas.js";

/** Settings and handlers of InLong's callback route. */
export interface InlongRoute {
  readonly maxBytes: number;
  authenticate(request: FastifyRequest): void;
  take(body: CallbackBody): Promise<z.output<typeof receipt>>;
  /** Throws for a request that matches no route. */
  refuseUnknown(request: FastifyRequest): never;
}

/** The prefix of InLong's paths. */
export const INLONG_PREFIX = "/inlong/manager/api";

/** InLong's envelope around a receipt. */
const answer = receipt
  .extend({
    success: z.literal(true).describe("The callback was taken."),
    errMsg: z.null().describe("Nothing went wrong."),
    data: z.literal(true).describe("As InLong's manager answers."),
  })
  .meta({ id: "InlongReceipt", description: "A receipt in the envelope of InLong's manager." });

/** InLong's envelope around a refusal. */
const inlongError = z
  .object({
    success: z.literal(false).describe("The callback was refused."),
    errMsg: z.string().describe("The message of the error."),
    data: z.null().describe("As InLong's manager answers."),
    error: z
      .object({
        code: z.string().describe("Stable, in upper case: programs decide by it."),
        message: z.string().describe("For people."),
        field: z.string().exactOptional().describe("Path of the offending part of the request."),
      })
      .describe("As in every other refusal."),
  })
  .meta({
    id: "InlongError",
    description: "A refusal in the envelope of InLong's manager.",
    examples: [
      {
        success: false,
        errMsg: "The schedule is paused.",
        data: null,
        error: { code: "SCHEDULE_STATUS_ILLEGAL", message: "The schedule is paused." },
      },
    ],
  });

/**
 * Returns the route with InLong's path and body (`submitOfflineJob`): schedulers that call an InLong manager
 * need only another address and a header to call this one. Boundaries are milliseconds; those of InLong's
 * Airflow template (seconds) are off the grid and refused.
 */
export function inlongRoute(parts: InlongRoute): FastifyPluginAsyncZod {
  const { maxBytes, authenticate, take, refuseUnknown } = parts;
  return async (app) => {
    app.setErrorHandler((error, request, reply) =>
      answerRefusal(error, request, reply, (refusal) => ({
        success: false,
        errMsg: refusal.message,
        data: null,
        ...bodyOf(refusal),
      })),
    );
    app.setNotFoundHandler(refuseUnknown);
    app.post(
      "/group/submitOfflineJob",
      {
        bodyLimit: maxBytes,
        preValidation: async (request) => authenticate(request),
        schema: {
          operationId: "submitOfflineJob",
          tags: ["callbacks"],
          summary:
            "Fire a group by InLong's path; answers and refusals are in InLong's envelope, with their HTTP status.",
          security: [{ signature: [] }, { bearer: [] }],
          body: callback,
          response: {
            200: answer,
            202: answer,
            ...refusals(inlongError, 400, 401, 403, 404, 409, 413, 422, 425, 500, 503),
          },
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
