import type { EpochMs } from "../clock/clock.js";
import { TriggerError } from "../errors/errors.js";
import { CronTrigger } from "./cron/cron-trigger.js";
import { periodTrigger } from "./period-trigger.js";
import type { Trigger } from "./trigger.js";
import type { TriggerSpec } from "./trigger-spec.js";
import { zoneOf } from "./zone/zone.js";

/**
 * How many compiled crons stay in memory; parsing one costs about a hundred times as much as evaluating it.
 */
const CACHED_CRONS = 10_000;

const crons = new Map<string, CronTrigger>();

/**
 * Returns the nominal times of a rule in a zone. Equal crons share one object.
 *
 * @param bounds - `endTime` is the time of a `once` trigger that names none; a period of elapsed time without
 *   an anchor goes by the zone's offset at `startTime` (see `PeriodTriggerSpec.anchor`)
 * @throws TriggerError TRIGGER_INVALID (with the field), TRIGGER_EXHAUSTED, TIMEZONE_UNKNOWN
 */
export function compileTrigger(
  spec: TriggerSpec,
  timezone: string,
  bounds: { readonly startTime?: EpochMs; readonly endTime?: EpochMs } = {},
): Trigger {
  const zone = zoneOf(timezone);
  if (spec.type === "period") return periodTrigger(spec, zone, bounds.startTime);
  if (spec.type === "once") return onceTrigger(spec.at ?? bounds.endTime);
  if (spec.type !== "cron") {
    const type = String((spec as { type?: unknown }).type);
    throw new TriggerError("TRIGGER_INVALID", `trigger.type: this version knows no "${type}".`, {
      field: "trigger.type",
    });
  }
  const key = JSON.stringify([spec.expression, spec.flavour, spec.dst, spec.quirks, timezone]);
  const known = crons.get(key);
  if (known !== undefined) return known;
  const cron = new CronTrigger(spec, zone);
  if (crons.size >= CACHED_CRONS) crons.clear();
  crons.set(key, cron);
  return cron;
}

function onceTrigger(at: EpochMs | undefined): Trigger {
  if (at === undefined) {
    throw new TriggerError("TRIGGER_INVALID", "trigger.at: is needed where the schedule has no end time.", {
      field: "trigger.at",
    });
  }
  return {
    next: (after) => (after < at ? at : undefined),
    previous: (before) => (before > at ? at : undefined),
    count: (after, upTo) => (after < at && at <= upTo ? 1 : 0),
  };
}
