import type { JsonObject } from "@tidegate/core";
import type { Rerun } from "@tidegate/operator-kit";

// Types, not interfaces: TypeScript accepts these as JSON, so a typed job can be a schedule's `job`.

/** A plugin's section of SeaTunnel's configuration. */
export interface PluginConfig extends JsonObject {
  readonly plugin_name: string;
}

/**
 * The `job` of a schedule that uses the operator `seatunnel`: SeaTunnel's own JSON configuration, with
 * placeholders such as `{{lower.timestamp}}` for the interval in its strings, and three fields of the
 * operator.
 */
export type SeaTunnelJob = {
  /** `job.mode` is BATCH, and `job.name` is set by the operator. @default {} */
  readonly env?: JsonObject;
  /** Sources, or the transforms after them, select the interval: one of them names a bound. */
  readonly source: readonly PluginConfig[];
  /** @default [] */
  readonly transform?: readonly PluginConfig[];
  readonly sink: readonly PluginConfig[];
  /** The IANA zone of dates and of timestamps without one. @default "UTC" */
  readonly timezone?: string;
  /**
   * How long the job may run, from its submission, ms, 1,000 to 2,592,000,000. @default the operator's
   * `deadlineMs`
   */
  readonly deadlineMs?: number;
  /**
   * Effect of a second job of the same interval on the sinks. Required if the operator does not know it:
   * `replaces` and `upserts` (rows of the same keys) are promises, `appends` accepts duplicate rows. @default what the operator knows of the sinks
   */
  readonly rerun?: Rerun;
};
