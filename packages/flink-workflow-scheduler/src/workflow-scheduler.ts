import { Listener, loggerOf, RequestLog } from "@tidegate/manager/http-kit";
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from "fastify";
import type { WorkflowSchedulerOptions } from "./options.js";
import { workflowPlugin } from "./plugin.js";

/** Address on which a workflow scheduler listens. */
export interface ListenAddress {
  /** @default "127.0.0.1" */
  readonly host?: string;
  /** The gateway's `sql-gateway.endpoint.rest.port`; 0 picks a free one. */
  readonly port: number;
}

/** Flink's workflow scheduler (FLIP-448), backed by schedules of a Tidegate instance. */
export interface WorkflowScheduler {
  /** Its routes, for a server of your own: without a prefix, since Flink's client supports none. */
  readonly plugin: FastifyPluginAsync;
  /**
   * Starts a server of its own. Starting and stopping the Tidegate instance is up to you.
   *
   * @returns the address, such as `http://127.0.0.1:8090`
   * @throws ConfigurationError CONFIGURATION_INVALID when it is already listening; the system's error if the
   * port is taken
   */
  listen(address: ListenAddress): Promise<string>;
  /** Accepts no more requests and completes those under way. */
  close(): Promise<void>;
}

/**
 * Creates a replacement for Flink's embedded workflow scheduler: materialized tables with full refresh,
 * created in Flink's SQL Gateway, become schedules of a Tidegate instance. They survive restarts on either
 * side, each refresh job is waited for, and a failed one is retried.
 *
 * ```ts
 * const scheduler = createWorkflowScheduler({ tidegate, allow: ["10.1.0.0/16"] });
 * await scheduler.listen({ port: 8090 });
 * ```
 *
 * @throws ConfigurationError CONFIGURATION_INVALID for an `allow` entry that is not an address
 */
export function createWorkflowScheduler(options: WorkflowSchedulerOptions): WorkflowScheduler {
  const plugin = workflowPlugin(options);
  const { logger = true } = options;
  const listener = new Listener("The workflow scheduler");
  const create = () =>
    Fastify({ ...loggerOf(logger), logController: new RequestLog() }) as unknown as FastifyInstance;
  return {
    plugin,
    listen: ({ host = "127.0.0.1", port }) =>
      listener.listen({ host, port }, create, async (server) => {
        await server.register(plugin);
      }),
    close: () => listener.close(),
  };
}
