import type { JsonObject } from "@tidegate/core";

/** How a second job of an interval treats the rows of the first: it replaces them, or adds its own to them. */
export type Rerun = "replaces" | "appends";

// Types and not interfaces: TypeScript takes these for JSON, so that a typed job can be a schedule's.

/** A plugin's part of SeaTunnel's configuration. */
export interface PluginConfig extends JsonObject {
  readonly plugin_name: string;
}

/**
 * What a schedule that uses the operator `seatunnel` says in its `job`: SeaTunnel's own JSON configuration, in whose
 * strings placeholders such as `{{lower.timestamp}}` stand for the interval, and three fields of the operator.
 */
export type SeaTunnelJob = {
  /** `job.mode` is BATCH, and `job.name` is the operator's. @default {} */
  readonly env?: JsonObject;
  /** Sources, or the transforms behind them, cut the interval out: one of them names a bound. */
  readonly source: readonly PluginConfig[];
  /** @default [] */
  readonly transform?: readonly PluginConfig[];
  readonly sink: readonly PluginConfig[];
  /** The IANA zone of timestamps without one and of dates. @default "UTC" */
  readonly timeZone?: string;
  /** How long the job may run from its submission on, ms, 1,000 to 2,592,000,000. @default the operator's `deadlineMs` */
  readonly deadlineMs?: number;
  /**
   * What a second job of the same interval does in the sinks. Needed where the operator does not know: `replaces` is a
   * promise, `appends` accepts rows that are there twice. @default what the operator knows of the sinks
   */
  readonly rerun?: Rerun;
};
