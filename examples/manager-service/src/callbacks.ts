import type { HttpOperator } from "@tidegate/operator-http";
import type { FastifyPluginAsync } from "fastify";

/** Where workers tell how their jobs ended. The signature is over the bytes that came, so they are not parsed here. */
export function callbackRoutes(operator: HttpOperator): FastifyPluginAsync {
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    app.post<{ Body: Buffer }>("/callbacks", async (request, reply) => {
      const { status, body } = await operator.handleCallback({
        headers: request.headers,
        rawBody: request.body,
      });
      return reply.code(status).send(body);
    });
  };
}
