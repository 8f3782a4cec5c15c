import { ConfigurationError } from "@tidegate/core";
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from "fastify";
import type { WorkflowSchedulerOptions } from "./options.js";
import { workflowPlugin } from "./plugin.js";

/** Where a workflow scheduler listens. */
export interface ListenAddress {
  /** @default "127.0.0.1" */
  readonly host?: string;
  /** What the gateway has as `sql-gateway.endpoint.rest.port`; 0 takes a free one. */
  readonly port: number;
}

/** Flink's workflow scheduler (FLIP-448), with schedules of a Tidegate. */
export interface WorkflowScheduler {
  /** Its routes, for a server of your own: without a prefix, since Flink's client takes none. */
  readonly plugin: FastifyPluginAsync;
  /**
   * Starts a server of its own. The Tidegate is yours to start and stop.
   *
   * @returns the address, such as `http://127.0.0.1:8090`
   * @throws ConfigurationError CONFIGURATION_INVALID when it listens already; the system's error where the port is taken
   */
  listen(address: ListenAddress): Promise<string>;
  /** Takes no more requests and answers those that are under way. */
  close(): Promise<void>;
}

/**
 * Stands where Flink's embedded workflow scheduler stands: materialized tables with full refresh, created in Flink's SQL
 * Gateway, become schedules of a Tidegate. They outlive restarts on either side, each refresh job is waited for, and one
 * that fails is tried again.
 *
 * @throws ConfigurationError CONFIGURATION_INVALID for an `allow` that is no address
 */
export function createWorkflowScheduler(options: WorkflowSchedulerOptions): WorkflowScheduler {
  const plugin = workflowPlugin(options);
  const { logger = true } = options;
  let server: FastifyInstance | undefined;
  const close = async (): Promise<void> => {
    const closing = server;
    server = undefined;
    await closing?.close();
  };
  return {
    plugin,
    close,
    listen: async ({ host = "127.0.0.1", port }) => {
      if (server !== undefined) {
        throw new ConfigurationError("CONFIGURATION_INVALID", "The workflow scheduler listens already.");
      }
      server = Fastify(
        typeof logger === "object" && "child" in logger ? { loggerInstance: logger } : { logger },
      ) as unknown as FastifyInstance;
      try {
        await server.register(plugin);
        return await server.listen({ host, port });
      } catch (error) {
        await close();
        throw error;
      }
    },
  };
}
