import type { Gate, GateAnswer, GateContext, GateRequest } from "../gate/gate.js";
import { NOT_BEFORE } from "../schedule/gates-of.js";
import { earliestStart, type NotBefore } from "../schedule/not-before.js";
import { zoneOf } from "../trigger/zone/zone.js";

/** The built-in gate for the earliest start of a run: see `ScheduleInfo.notBefore`. */
export class NotBeforeGate implements Gate {
  readonly gateType = NOT_BEFORE;

  async check(requests: readonly GateRequest[], { now }: GateContext): Promise<readonly GateAnswer[]> {
    return requests.map(({ settings, interval, timezone }) => {
      const at = earliestStart(settings as unknown as NotBefore, interval.upper, zoneOf(timezone));
      if (at <= now) return { isOpen: true };
      return { isOpen: false, reason: `not before ${localTime(at, timezone)}`, lookAgainAt: at };
    });
  }
}

/** Returns an instant as ISO 8601 without an offset in the schedule's zone, and the zone. */
function localTime(at: number, timezone: string): string {
  return `${new Date(zoneOf(timezone).toLocal(at)).toISOString().slice(0, 19)} ${timezone}`;
}
