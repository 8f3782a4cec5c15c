import type { TriggerSpec } from "@tidegate/core";

/** The periods of a pipeline's groups. */
export interface Grid {
  readonly load: TriggerSpec;
  readonly tax: TriggerSpec;
  readonly totals: TriggerSpec;
  readonly export: TriggerSpec;
}

/** A load each so many seconds, and an export of each six of them: a minute if a load is ten seconds. */
export function gridOfSeconds(load: number): Grid {
  const each = (loads: number): TriggerSpec => ({ type: "period", every: loads * load, unit: "second" });
  return { load: each(1), tax: each(2), totals: each(3), export: each(6) };
}
