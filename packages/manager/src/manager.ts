import { ConfigurationError } from "@tidegate/core";
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from "fastify";
import { answerError } from "./errors/answer-error.js";
import { answerExpectation } from "./errors/connection-error.js";
import { isLoopback } from "./guard/loopback.js";
import { Listener } from "./listener.js";
import { loggerOf, RequestLog } from "./logging.js";
import { checkOptions, type ManagerOptions } from "./options.js";
import { managerPlugin } from "./plugin.js";
import { checkTokens } from "./rest/authorize.js";
import { serverOptions } from "./server-options.js";

/** The address at which a manager listens. */
export interface ListenAddress {
  /** @default "127.0.0.1" */
  readonly host?: string;
  /** 0 chooses a free port. @default 0 */
  readonly port?: number;
}

/** A service around a Tidegate. */
export interface Manager {
  /**
   * All routes, for a server of your own: `server.register(manager.plugin, { prefix: "/tidegate" })`. You
   * start and stop the Tidegate yourself. Create the server with `Fastify({ ...serverOptions() })`, so that
   * long ids find their routes and requests arrive in bounded time.
   */
  readonly plugin: FastifyPluginAsync;
  /**
   * Starts the Tidegate and a server.
   *
   * @returns the address, such as `http://127.0.0.1:8080`
   * @throws ConfigurationError CONFIGURATION_INVALID on an address other than loopback without `authorize`;
   * StoreError and others as `Tidegate.start`; the system's error if the port is taken
   */
  listen(address?: ListenAddress): Promise<string>;
  /** Accepts no more requests, answers those in progress, and stops the Tidegate that `listen` started. */
  close(): Promise<void>;
}

/**
 * Creates a manager.
 *
 * ```ts
 * const manager = createManager({ tidegate, authorize: { token: process.env.MANAGER_TOKEN! } });
 * console.log(await manager.listen({ port: 8080 }));
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID if an option is invalid; it never shows credentials
 */
export function createManager(given: ManagerOptions): Manager {
  checkOptions(given);
  const { tidegate, authorize, logger = true, requestTimeoutMs } = given;
  checkTokens(authorize);
  const plugin = managerPlugin(given);
  const listener = new Listener("The manager");
  const create = (): FastifyInstance => {
    const options = serverOptions(requestTimeoutMs);
    return Fastify({
      ...loggerOf(logger),
      logController: new RequestLog(),
      ...options,
      // The guard refuses a request without a host, in the documented form.
      http: { ...options.http, requireHostHeader: false },
    }) as unknown as FastifyInstance;
  };
  return {
    plugin,
    close: () => listener.close(),
    listen: async ({ host = "127.0.0.1", port = 0 } = {}) => {
      if (authorize === undefined && !isLoopback(host)) {
        throw misuse(
          `authorize: is needed to listen on ${host}; the REST interface would be open to everybody.`,
        );
      }
      return listener.listen({ host, port }, create, async (server) => {
        server.server.on("checkExpectation", answerExpectation);
        server.setErrorHandler(answerError);
        server.addHook("onClose", () => tidegate.stop());
        await server.register(managerPlugin(given, true));
        await tidegate.start();
      });
    },
  };
}

function misuse(message: string): ConfigurationError {
  return new ConfigurationError("CONFIGURATION_INVALID", message);
}
