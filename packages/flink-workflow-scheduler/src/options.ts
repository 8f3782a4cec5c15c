import type { Tidegate } from "@tidegate/core";
import type { FastifyBaseLogger, FastifyLoggerOptions } from "fastify";
import type { TablePolicies } from "./table-schedule.js";

/** Settings of a workflow scheduler for Flink. */
export interface WorkflowSchedulerOptions {
  /**
   * The Tidegate instance whose schedules the tables become; its operators include the operator `flink` with
   * the gateway's own address.
   */
  readonly tidegate: Tidegate;
  /**
   * The addresses, or networks such as `10.1.0.0/16`, that may call. Flink's client has no credentials, so
   * this is the only protection: whoever may call can have any table refreshed. @default the loopback
   * addresses
   */
  readonly allow?: readonly string[];
  /**
   * The IANA time zone of tables created in a session without `table.local-time-zone`: for their days, and
   * for the sessions that refresh them. @default "UTC"
   */
  readonly timezone?: string;
  /** The operator's name, if it is registered under another. @default "flink" */
  readonly operator?: string;
  /** Settings of the tables' schedules. @default {} */
  readonly policies?: TablePolicies;
  /** Logging of `listen`: Fastify's options, or a logger. A server of your own has its own. @default true */
  readonly logger?: boolean | FastifyLoggerOptions | FastifyBaseLogger;
}
