import type { Tidegate } from "@tidegate/core";
import type { FastifyBaseLogger, FastifyLoggerOptions } from "fastify";
import type { TablePolicies } from "./table-schedule.js";

/** What a workflow scheduler of Flink is made of. */
export interface WorkflowSchedulerOptions {
  /** Where tables become schedules; a `FlinkOperator` with the gateway's own address is among its operators. */
  readonly tidegate: Tidegate;
  /**
   * The addresses, or networks such as `10.1.0.0/16`, that may call. Flink's client has no credentials, so this is all that
   * protects it: whoever may call can have any table refreshed. @default the loopback's
   */
  readonly allow?: readonly string[];
  /**
   * The IANA time zone of tables that are created in a session without `table.local-time-zone`: of their days, and of the
   * sessions that refresh them. @default "UTC"
   */
  readonly timezone?: string;
  /** The operator's name, where it is registered under another. @default "flink" */
  readonly operator?: string;
  /** How the schedules of tables behave. @default {} */
  readonly policies?: TablePolicies;
  /** What `listen` logs with: Fastify's options, or a logger. A server of your own has its own. @default true */
  readonly logger?: boolean | FastifyLoggerOptions | FastifyBaseLogger;
}
