import type { IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach } from "@jest/globals";
import Fastify, { type FastifyReply } from "fastify";

/** A request as a service received it, byte for byte. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A service on 127.0.0.1 that keeps what it receives. */
export interface Service {
  readonly url: string;
  /** Such as `127.0.0.1:40123`. */
  readonly authority: string;
  readonly received: readonly Received[];
  /** Connections that were opened to it so far. */
  readonly connections: () => number;
  readonly close: () => Promise<void>;
}

/** What a service answers: a body to be sent as JSON with 200, or whatever it does to the reply itself. */
export type Answering = (received: Received, reply: FastifyReply) => unknown;

/** Starts services that are closed after each test. */
export function useServices(): (answering: Answering) => Promise<Service> {
  const services: Service[] = [];
  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.close()));
  });
  return async (answering) => {
    const service = await startService(answering);
    services.push(service);
    return service;
  };
}

/** Starts a service that the caller closes. */
export async function startService(answering: Answering): Promise<Service> {
  const received: Received[] = [];
  let connections = 0;
  const app = Fastify({ forceCloseConnections: true });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_, body, done) => done(null, body));
  app.server.on("connection", () => {
    connections += 1;
  });
  app.all("*", async (request, reply) => {
    const { method, url: path, headers } = request;
    const one = { method, path, headers, body: (request.body as Buffer | undefined) ?? Buffer.alloc(0) };
    received.push(one);
    return answering(one, reply);
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    authority: `127.0.0.1:${port}`,
    received,
    connections: () => connections,
    close: () => app.close(),
  };
}
