import type { FastifyPluginAsyncZod } from "@fastify/type-provider-zod";
import type { Intake, Taken } from "@tidegate/core";
import { isEnded } from "@tidegate/core/store";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { HttpError } from "../errors/http-error.js";
import { named } from "../named.js";
import { errorBody, refusals } from "../schemas/error.js";
import { line, runIdText, wholeNumber } from "../schemas/text.js";
import { parseBody } from "./body.js";
import type { Caller } from "./caller.js";
import { INLONG_PREFIX, inlongRoute } from "./inlong.js";
import { callback, receipt, runStatus } from "./schemas.js";

/** Maximum wait of a status request, ms. */
const MAX_WAIT_MS = 30_000;

const engine = line(64).describe("Name of the engine that calls, in any case.");

/** Dependencies of `callbackRoutes`. */
export interface CallbackRoutesParts {
  /** By engine name in lower case. */
  readonly callers: ReadonlyMap<string, Caller>;
  readonly intake: Intake;
  /** Returns the current instant, epoch ms: signatures have a time window. */
  readonly now: () => number;
  readonly maxBytes: number;
  /** Throws for a request that matches no route. */
  readonly refuseUnknown: (request: FastifyRequest) => never;
  /** Prefix of status addresses. */
  readonly baseUrl: string;
}

/** Returns the routes for foreign schedulers, which post callbacks and ask for the status of runs. */
export function callbackRoutes(parts: CallbackRoutesParts): FastifyPluginAsyncZod {
  const { callers, intake, now, maxBytes, baseUrl, refuseUnknown } = parts;
  /** Requests that wait for a run to end. */
  const waiting = new Set<AbortController>();
  const callerOf = (engine: string): Caller => {
    const caller = callers.get(engine.toLowerCase());
    if (caller !== undefined) return caller;
    throw new HttpError(404, "ENGINE_UNKNOWN", "No such engine may call.", { field: "engine" });
  };
  const receiptOf = (
    { engine, statusKey }: Caller,
    { run: { id, lower, upper }, duplicate }: Taken,
  ): z.output<typeof receipt> => ({
    runId: id,
    lowerBoundary: lower,
    upperBoundary: upper,
    statusUrl: `${baseUrl}/engines/${engine}/runs/${id}?key=${statusKey(id)}`,
    duplicate,
  });
  const authenticate = (request: FastifyRequest, caller: Caller): void => {
    // Without a body, no parser has run.
    const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
    caller.authenticate(request.headers, bytes, now());
    request.body = parseBody(bytes);
  };

  return async (app) => {
    app.addHook("preClose", async () => {
      for (const each of waiting) each.abort();
    });
    // A signature covers the raw bytes, whatever their content type claims.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));

    app.post(
      "/engines/:engine/callbacks",
      {
        bodyLimit: maxBytes,
        preValidation: async (request) =>
          authenticate(request, callerOf((request.params as { engine: string }).engine)),
        schema: {
          operationId: "callback",
          tags: ["callbacks"],
          summary: "Fire a group: its interval is planned, once however often this is repeated.",
          security: [{ signature: [] }, { bearer: [] }],
          params: z.object({ engine }),
          body: callback,
          response: {
            200: receipt,
            202: receipt,
            ...refusals(errorBody, 400, 401, 403, 404, 409, 413, 422, 425, 500, 503),
          },
        },
      },
      async ({ params: { engine }, body }, reply) => {
        const taken = await intake.take({ ...body, engine });
        return reply.code(taken.duplicate ? 200 : 202).send(receiptOf(callerOf(engine), taken));
      },
    );

    app.get(
      "/engines/:engine/runs/:runId",
      {
        schema: {
          operationId: "runStatus",
          tags: ["callbacks"],
          summary: "Get the status of a run; with `waitMs`, as soon as it has ended.",
          security: [{ statusKey: [] }],
          params: z.object({ engine, runId: runIdText }),
          querystring: z.object({
            key: line(200).describe("As it is in the status address."),
            waitMs: wholeNumber(0, MAX_WAIT_MS)
              .optional()
              .describe("How long to wait for the run to end, ms. Default 0."),
          }),
          response: { 200: runStatus, ...refusals(errorBody, 400, 401, 404, 500, 503) },
        },
      },
      async ({ params: { engine, runId }, query: { key, waitMs = 0 } }, reply) => {
        if (!callerOf(engine).isStatusKey(runId, key)) {
          throw new HttpError(401, "UNAUTHORIZED", "The key is not this run's.", { field: "key" });
        }
        const gone = new AbortController();
        reply.raw.once("close", () => gone.abort());
        waiting.add(gone);
        const { state, metrics, error } = await intake
          .waitForEnd(runId, waitMs, gone.signal)
          .finally(() => waiting.delete(gone));
        reply.header("cache-control", "no-store");
        return {
          runId,
          state,
          isEnded: isEnded(state),
          ...(metrics === null ? {} : { metrics }),
          ...(error === null ? {} : { error }),
        };
      },
    );

    const inlong = callers.get("inlong");
    if (inlong === undefined) return;
    const route = inlongRoute({
      maxBytes,
      authenticate: (request) => authenticate(request, inlong),
      take: async (body) => receiptOf(inlong, await intake.take({ ...body, engine: "inlong" })),
      refuseUnknown,
    });
    await app.register(named("tidegate-inlong", route), { prefix: INLONG_PREFIX });
  };
}
