import { BlockList, isIP } from "node:net";
import { ConfigurationError } from "@tidegate/core";
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from "fastify";
import { isToken } from "./credentials/bearer.js";
import { answerError, answerNotFound } from "./errors/answer-error.js";
import { loggerOf, RequestLog } from "./logging.js";
import type { ManagerOptions } from "./options.js";
import { managerPlugin } from "./plugin.js";

/** The longest part of a path: a group id has up to 200 characters. Fastify's own default is 100. */
const MAX_PARAM_LENGTH = 256;

/** How long a caller may take to send its request, ms. */
const REQUEST_WITHIN_MS = 15_000;

/** Where a manager listens. */
export interface ListenAddress {
  /** @default "127.0.0.1" */
  readonly host?: string;
  /** 0 takes a free one. @default 0 */
  readonly port?: number;
}

/** A service around a Tidegate. */
export interface Manager {
  /**
   * All routes, for a server of your own: `server.register(manager.plugin, { prefix: "/tidegate" })`. The Tidegate is
   * yours to start and stop. Give the server `routerOptions: { maxParamLength: 256 }`, so that long group ids find their
   * routes.
   */
  readonly plugin: FastifyPluginAsync;
  /**
   * Starts the Tidegate and a server.
   *
   * @returns the address, such as `http://127.0.0.1:8080`
   * @throws ConfigurationError CONFIGURATION_INVALID on another than a loopback address without `authorize`; StoreError and
   *   others as `Tidegate.start`; the system's error where the port is taken
   */
  listen(address?: ListenAddress): Promise<string>;
  /** Takes no more requests, answers those that are under way, and stops the Tidegate that `listen` has started. */
  close(): Promise<void>;
}

/**
 * Puts a manager together.
 *
 * @throws ConfigurationError CONFIGURATION_INVALID when credentials are unfit; it never shows them
 */
export function createManager(options: ManagerOptions): Manager {
  const { tidegate, authorize, logger = true } = options;
  if (typeof authorize === "object" && !isToken(authorize.token)) {
    throw new ConfigurationError(
      "CONFIGURATION_INVALID",
      "authorize.token: must be 16 or more visible characters.",
      {
        field: "authorize.token",
      },
    );
  }
  const plugin = managerPlugin(options);
  let server: FastifyInstance | undefined;
  const close = async (): Promise<void> => {
    const closing = server;
    server = undefined;
    await closing?.close();
  };
  return {
    plugin,
    close,
    listen: async ({ host = "127.0.0.1", port = 0 } = {}) => {
      if (server !== undefined) throw misuse("The manager listens already.");
      if (authorize === undefined && !isLoopback(host)) {
        throw misuse(
          `authorize: is needed to listen on ${host}; the REST interface would be open to everybody.`,
        );
      }
      server = Fastify({
        ...loggerOf(logger),
        logController: new RequestLog(),
        requestTimeout: REQUEST_WITHIN_MS,
        frameworkErrors: answerError,
        routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
      }) as unknown as FastifyInstance;
      server.setErrorHandler(answerError);
      server.setNotFoundHandler(answerNotFound);
      server.addHook("onClose", () => tidegate.stop());
      try {
        await server.register(plugin);
        await tidegate.start();
        return await server.listen({ host, port });
      } catch (error) {
        await close();
        throw error;
      }
    },
  };
}

const loopback = new BlockList();
loopback.addSubnet("127.0.0.0", 8, "ipv4");
loopback.addAddress("::1", "ipv6");

function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 0) return host.toLowerCase() === "localhost";
  return loopback.check(host, version === 4 ? "ipv4" : "ipv6");
}

function misuse(message: string): ConfigurationError {
  return new ConfigurationError("CONFIGURATION_INVALID", message);
}
