import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parseOptions } from "@tidegate/core/plugin";
import { z } from "zod";
import { type CallbackResponse, refusal } from "./callback-handler.js";
import type { CallbackRequest } from "./callback-request.js";

/** Settings of a callback server. */
export interface CallbackServerOptions {
  /** 0 picks a free port. */
  readonly port: number;
  /** @default "127.0.0.1": TLS is left to the proxy in front of it */
  readonly host?: string;
  /** @default "/callbacks" */
  readonly path?: string;
  /** @default 262,144 */
  readonly maxBodyBytes?: number;
  /**
   * The longest time a caller may take to send its callback, headers and body together, ms, at least 100;
   * then it gets a 408, up to a second later. @default 15,000
   */
  readonly requestTimeoutMs?: number;
}

/** A listener for callbacks. */
export interface CallbackServer {
  readonly url: string;
  /** Resolves when the last request has been answered. */
  close(): Promise<void>;
}

/** A receiver of callbacks: an `HttpOperator`, or several behind one. */
export interface CallbackTaker {
  handleCallback(request: CallbackRequest): Promise<CallbackResponse>;
}

/** The longest interval between checks for slow callers, ms. Node's own default is half a minute. */
const LOOK_EVERY_MS = 1_000;

const optionsSchema = z.strictObject({
  port: z.number().int().min(0).max(65_535),
  host: z.string().min(1).default("127.0.0.1"),
  path: z.string().startsWith("/").default("/callbacks"),
  maxBodyBytes: z.number().int().min(1).default(262_144),
  requestTimeoutMs: z.number().int().min(100).max(3_600_000).default(15_000),
});

/**
 * Starts a callback listener on plain `node:http`, for managers without a server of their own. Others call
 * `handleCallback` from a route that has the raw body.
 *
 * @throws ConfigurationError CONFIGURATION_INVALID with the offending option
 */
export async function startCallbackServer(
  operator: CallbackTaker,
  options: CallbackServerOptions,
): Promise<CallbackServer> {
  const parsed = parseOptions("CallbackServerOptions", optionsSchema, options);
  const { port, host, path, maxBodyBytes, requestTimeoutMs } = parsed;
  const server = createServer({
    requestTimeout: requestTimeoutMs,
    headersTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.min(LOOK_EVERY_MS, requestTimeoutMs),
  });
  server.on("request", (request, response) => {
    answer(request, operator, path, maxBodyBytes).then(
      (given) => send(response, given),
      // The caller disconnected in the middle of its request, or the handler failed: neither may end the
      // process.
      () => response.destroy(),
    );
  });
  await listening(server, port, host);
  const address = server.address() as AddressInfo;
  const authority = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${authority}:${address.port}${path}`,
    close: () => closed(server),
  };
}

async function answer(
  request: IncomingMessage,
  operator: CallbackTaker,
  path: string,
  maxBodyBytes: number,
): Promise<CallbackResponse> {
  const [pathname] = (request.url ?? "").split("?");
  if (pathname !== path) return refusal(404, "JOB_INVALID", "There is nothing here.");
  if (request.method !== "POST") return refusal(405, "JOB_INVALID", "Callbacks are sent by POST.");
  const rawBody = await readBody(request, maxBodyBytes);
  if (rawBody === undefined) {
    return refusal(413, "JOB_INVALID", `The body must not be longer than ${maxBodyBytes} bytes.`);
  }
  return operator.handleCallback({ headers: request.headersDistinct, rawBody });
}

/** Returns the body's bytes, or `undefined` if there are too many; the rest is then left unread. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += (chunk as Buffer).length;
    if (size > maxBytes) return undefined;
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, body }: CallbackResponse): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    // An unread body would be taken for the next request.
    ...(status === 413 ? { connection: "close" } : {}),
  });
  response.end(text);
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
