import { type Clock, SystemClock } from "@tidegate/core/clock";
import { baseUrl, LONGEST_TIMER_MS, parseOptions } from "@tidegate/core/plugin";
import { type Secret, secretsSchema } from "@tidegate/operator-kit";
import { z } from "zod";
import { MAX_DEADLINE_MS } from "./job/job-schema.js";
import type { SinkRule } from "./job/rerun.js";

/** A cluster's REST API: `v1` on Hazelcast's port, or `v2` on the web server's, since SeaTunnel 2.3.9. */
export type ApiVersion = "v1" | "v2";

/** Credentials for SeaTunnel, if it requires basic authentication. */
export interface SeaTunnelCredentials {
  readonly username: string;
  readonly password: string;
}

/** Settings of `SeaTunnelOperator` for one cluster. Managers that share schedules must have the same ones. */
export interface SeaTunnelOperatorOptions {
  /** The cluster's address: `http://host:5801` for v1; `http://host:8080`, with the context path if any, for v2. */
  readonly url: string;
  /** @default detected by querying */
  readonly api?: ApiVersion;
  /** @default none */
  readonly credentials?: SeaTunnelCredentials;
  /**
   * How long a job may run, ms, 1,000 to 2,592,000,000: a job whose sink failed may run forever. @default
   * 3,600,000
   */
  readonly deadlineMs?: number;
  /** Interval between checks of the jobs that are waited for, ms, 100 to 60,000. @default 1,000 */
  readonly pollIntervalMs?: number;
  /** How long the cluster may be unreachable before attempts with jobs on it fail, ms. @default 300,000 */
  readonly unreachableMs?: number;
  /** How long a job must be missing from the cluster's lists before it counts as lost, ms. @default 15,000 */
  readonly lostAfterMs?: number;
  /** The longest time for a response to a query, ms. @default 30,000 */
  readonly requestTimeoutMs?: number;
  /**
   * The longest time for a response to a submission, for which the cluster loads the connectors, ms. @default
   * 60,000
   */
  readonly submitTimeoutMs?: number;
  /** Rules for additional sinks by plugin name, or replacements for built-in rules. @default {} */
  readonly sinks?: Readonly<Record<string, SinkRule>>;
  /** The secrets that jobs refer to as `{{secret.name}}`, so that no schedule holds them. @default {} */
  readonly secrets?: Readonly<Record<string, Secret>>;
  /** @default the machine's clock */
  readonly clock?: Clock;
}

/** The options with defaults applied. */
export interface Settings {
  /** Without a trailing slash. */
  readonly url: string;
  readonly api: ApiVersion | undefined;
  readonly credentials: SeaTunnelCredentials | undefined;
  readonly deadlineMs: number;
  readonly pollIntervalMs: number;
  readonly unreachableMs: number;
  readonly lostAfterMs: number;
  readonly requestTimeoutMs: number;
  readonly submitTimeoutMs: number;
  /** By lower-case name. */
  readonly sinks: Readonly<Record<string, SinkRule>>;
  readonly secrets: Readonly<Record<string, Secret>>;
  readonly clock: Clock;
}

const ms = (least: number, most: number, usual: number) =>
  z.number().int().min(least).max(most).default(usual);

const isFunction = (value: unknown): boolean => typeof value === "function";

const schema = z.strictObject({
  url: baseUrl,
  api: z.enum(["v1", "v2"]).optional(),
  credentials: z
    .strictObject({ username: z.string().regex(/^[^:]+$/), password: z.string().min(1) })
    .optional(),
  deadlineMs: ms(1_000, MAX_DEADLINE_MS, 3_600_000),
  pollIntervalMs: ms(100, 60_000, 1_000),
  unreachableMs: ms(0, LONGEST_TIMER_MS, 300_000),
  lostAfterMs: ms(0, LONGEST_TIMER_MS, 15_000),
  requestTimeoutMs: ms(1, LONGEST_TIMER_MS, 30_000),
  submitTimeoutMs: ms(1, LONGEST_TIMER_MS, 60_000),
  sinks: z.record(z.string(), z.unknown().refine(isFunction, "must be a function")).default({}),
  secrets: secretsSchema,
  clock: z.unknown().optional(),
});

/** @throws ConfigurationError CONFIGURATION_INVALID with the offending option, never with a password */
export function settingsOf(options: SeaTunnelOperatorOptions): Settings {
  const parsed = parseOptions("SeaTunnelOperatorOptions", schema, options);
  const { api, credentials, sinks, clock: _, ...rest } = parsed;
  return {
    ...rest,
    api,
    credentials,
    sinks: Object.fromEntries(
      Object.entries(sinks as Record<string, SinkRule>).map(([name, rule]) => [name.toLowerCase(), rule]),
    ),
    clock: options.clock ?? new SystemClock(),
  };
}
