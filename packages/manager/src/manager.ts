import { ConfigurationError } from "@tidegate/core";
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from "fastify";
import { isToken } from "./credentials/bearer.js";
import { answerError } from "./errors/answer-error.js";
import { answerExpectation } from "./errors/connection-error.js";
import { isLoopback } from "./guard/loopback.js";
import { loggerOf, RequestLog } from "./logging.js";
import { checkOptions, type ManagerOptions } from "./options.js";
import { managerPlugin } from "./plugin.js";
import { serverOptions } from "./server-options.js";

/** The address at which a manager listens. */
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
   * yours to start and stop. Make the server with `Fastify({ ...serverOptions() })`, so that long ids find their routes
   * and requests arrive in bounded time.
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
 * @throws ConfigurationError CONFIGURATION_INVALID when an option cannot be meant; it never shows credentials
 */
export function createManager(given: ManagerOptions): Manager {
  checkOptions(given);
  const { tidegate, authorize, logger = true, requestTimeoutMs } = given;
  if (typeof authorize === "object" && !isToken(authorize.token)) {
    throw new ConfigurationError(
      "CONFIGURATION_INVALID",
      "authorize.token: must be 16 or more visible characters.",
      {
        field: "authorize.token",
      },
    );
  }
  const plugin = managerPlugin(given);
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
      const options = serverOptions(requestTimeoutMs);
      server = Fastify({
        ...loggerOf(logger),
        logController: new RequestLog(),
        ...options,
        // A request without one is refused by the guard, in the documented form.
        http: { ...options.http, requireHostHeader: false },
      }) as unknown as FastifyInstance;
      server.server.on("checkExpectation", answerExpectation);
      server.setErrorHandler(answerError);
      server.addHook("onClose", () => tidegate.stop());
      try {
        await server.register(managerPlugin(given, true));
        await tidegate.start();
        return await server.listen({ host, port });
      } catch (error) {
        await close();
        throw error;
      }
    },
  };
}

function misuse(message: string): ConfigurationError {
  return new ConfigurationError("CONFIGURATION_INVALID", message);
}
