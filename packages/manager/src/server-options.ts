import type { Server } from "node:http";
import type { FastifyHttpOptions } from "fastify";
import { answerError } from "./errors/answer-error.js";
import { answerConnectionError } from "./errors/connection-error.js";

/**
 * Maximum length of an encoded path segment: each of the 200 characters of an id may take nine (`%E2%82%AC`).
 * Fastify's default is 100.
 */
const MAX_PARAM_LENGTH = 1_800;

/**
 * How often Node checks for requests that take too long, ms; its default, 30 s, would be added to every
 * limit.
 */
const LOOK_EVERY_MS = 500;

/**
 * Returns options for the Fastify server that the manager is mounted in, so that ids find their routes,
 * requests arrive in bounded time, and what never becomes a request is refused in the documented form.
 *
 * @param requestTimeoutMs - maximum time for a request to arrive, headers and body together. @default 15,000
 */
export function serverOptions(requestTimeoutMs = 15_000) {
  return {
    requestTimeout: requestTimeoutMs,
    // Node takes the longer of the two for the whole request, and its default for headers is a minute.
    http: {
      requestTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: LOOK_EVERY_MS,
    },
    frameworkErrors: answerError,
    clientErrorHandler: answerConnectionError,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
  } satisfies FastifyHttpOptions<Server>;
}
