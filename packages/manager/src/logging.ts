import {
  type FastifyBaseLogger,
  type FastifyLoggerOptions,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";

const REDACTED_HEADERS = ["authorization", "webhook-signature", "cookie"];
const REDACTED_PATHS = REDACTED_HEADERS.flatMap((name) => [`req.headers["${name}"]`, `headers["${name}"]`]);

type Serializer = (request: FastifyRequest) => object;

/** A request as logged: no headers, no body, and no query, since keys travel there. */
export const logSerializers: { readonly req: Serializer } = {
  req: ({ method, url, host, ip, socket }: FastifyRequest) => ({
    method,
    url: url?.replace(/\?.*$/s, ""),
    host,
    remoteAddress: ip,
    remotePort: socket?.remotePort,
  }),
};

/** Returns the logger of the manager's own server. */
export function loggerOf(
  logger: boolean | FastifyLoggerOptions | FastifyBaseLogger,
): { loggerInstance: FastifyBaseLogger } | { logger: false | FastifyLoggerOptions } {
  if (typeof logger === "object" && "child" in logger) return { loggerInstance: logger };
  if (logger === false) return { logger: false };
  const given = logger === true ? {} : logger;
  return {
    logger: {
      redact: REDACTED_PATHS,
      ...given,
      serializers: { ...given.serializers, ...logSerializers },
    } as FastifyLoggerOptions,
  };
}

/**
 * Logs each request once, after its answer: the request, the answer and its duration. Fastify's own two lines
 * cost twice as much and say nothing more.
 */
export class RequestLog extends LogController {
  override incomingRequest(): void {}

  override requestCompleted(error: Error | null, request: FastifyRequest, reply: FastifyReply): void {
    const line = { req: request, res: reply, responseTime: reply.elapsedTime };
    if (error) request.log.error({ ...line, err: error }, "request errored");
    else request.log.info(line, "request completed");
  }
}
