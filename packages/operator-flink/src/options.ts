import { realpathSync } from "node:fs";
import { type Clock, SystemClock } from "@tidegate/core/clock";
import { baseUrl, messageOf, parseOptions, unfitOption } from "@tidegate/core/plugin";
import { type Secret, secretsSchema } from "@tidegate/operator-kit";
import { z } from "zod";
import type { Connectors } from "./sync/connector.js";
import { POSITIONS } from "./sync/positions.js";
import { SINKS } from "./sync/sinks.js";
import { SOURCES } from "./sync/sources.js";

/** Settings of `FlinkOperator`. */
export interface FlinkOperatorOptions {
  /** The JobManager's REST address, such as `http://flink:8081`. */
  readonly url: string;
  /**
   * The SQL Gateway's REST address, such as `http://flink:8083`. @default none: `sql` and `sync` jobs are
   * refused
   */
  readonly gatewayUrl?: string;
  /** The address where people view jobs. @default `url` */
  readonly webUrl?: string;
  /** Sent with each request, for a proxy that requires them. @default {} */
  readonly headers?: Readonly<Record<string, string>>;
  /** The folders whose jars jobs may run. @default none: `jar` jobs are refused */
  readonly jarFolders?: readonly string[];
  /** The secrets that SQL refers to as `{{secret.name}}`. @default {} */
  readonly secrets?: Readonly<Record<string, Secret>>;
  /** Connectors for `sync` jobs, in addition to the built-in ones or replacing them. @default {} */
  readonly connectors?: Partial<Connectors>;
  /**
   * The longest time that a request may take, ms; uploads, program starts and DDL get longer. @default 30,000
   */
  readonly requestTimeoutMs?: number;
  /** Interval between queries for the list of jobs, ms, 250 to 60,000. @default 250 */
  readonly pollIntervalMs?: number;
  /** How long Flink may be unreachable before the attempts that wait for it fail, ms. @default 300,000 */
  readonly unreachableMs?: number;
  /** Number of SQL sessions kept open, at least 1. @default 32 */
  readonly maxSessions?: number;
  /**
   * Interval between heartbeats of a session, ms; the gateway closes idle ones after ten minutes. @default
   * 60,000
   */
  readonly heartbeatMs?: number;
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/** The validated options with defaults applied; addresses without a trailing slash, folders as real paths. */
export interface Settings {
  readonly url: string;
  readonly gatewayUrl: string | undefined;
  readonly webUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly jarFolders: readonly string[];
  readonly secrets: Readonly<Record<string, Secret>>;
  readonly connectors: Connectors;
  readonly requestTimeoutMs: number;
  readonly pollIntervalMs: number;
  readonly unreachableMs: number;
  readonly maxSessions: number;
  readonly heartbeatMs: number;
  readonly clock: Clock;
}

/** Prefix of error messages. */
const OPTIONS_TYPE = "FlinkOperatorOptions";

const isFunction = (value: unknown): boolean => typeof value === "function";

const functions = z.record(z.string(), z.unknown().refine(isFunction, "must be a function")).optional();

const schema = z.strictObject({
  url: baseUrl,
  gatewayUrl: baseUrl.optional(),
  webUrl: baseUrl.optional(),
  headers: z.record(z.string(), z.string()).default({}),
  jarFolders: z.array(z.string().min(1)).default([]),
  secrets: secretsSchema,
  connectors: z.strictObject({ sources: functions, positions: functions, sinks: functions }).default({}),
  requestTimeoutMs: z.number().int().min(1).default(30_000),
  pollIntervalMs: z.number().int().min(250).max(60_000).default(250),
  unreachableMs: z.number().int().min(0).default(300_000),
  maxSessions: z.number().int().min(1).default(32),
  heartbeatMs: z.number().int().min(100).default(60_000),
  clock: z.custom<Clock>((value) => typeof value === "object" && value !== null).optional(),
});

/** @throws ConfigurationError CONFIGURATION_INVALID with the offending option */
export function settingsOf(options: FlinkOperatorOptions): Settings {
  const { gatewayUrl, webUrl, jarFolders, clock, ...rest } = parseOptions(OPTIONS_TYPE, schema, options);
  const { sources = {}, positions = {}, sinks = {} } = options.connectors ?? {};
  return {
    ...rest,
    gatewayUrl,
    webUrl: webUrl ?? rest.url,
    jarFolders: jarFolders.map(realFolder),
    connectors: {
      sources: { ...SOURCES, ...sources },
      positions: { ...POSITIONS, ...positions },
      sinks: { ...SINKS, ...sinks },
    },
    clock: clock ?? new SystemClock(),
  };
}

function realFolder(folder: string, index: number): string {
  try {
    return realpathSync(folder);
  } catch (error) {
    throw unfitOption(OPTIONS_TYPE, `jarFolders.${index}`, messageOf(error));
  }
}
