import type { ScheduleInfo } from "@tidegate/core";
import { GROUP } from "./evidence.js";
import { POOL, type Policies } from "./history.js";
import { T0, TRIGGERS } from "./triggers.js";

/**
 * The schedule that a person registers.
 *
 * @param unitMs - length of an interval, ms
 */
export function scheduleInfo(policies: Policies, unitMs: number): ScheduleInfo {
  const { trigger, start, span, window, delay, timeout, notBefore, slots, fullEvery, ...rest } = policies;
  const kind: (typeof TRIGGERS)[typeof trigger] & { readonly timezone?: string } = TRIGGERS[trigger];
  const ms = (tenths: number): number => Math.round((tenths * unitMs) / 10);
  return {
    groupId: GROUP,
    trigger: kind.spec,
    ...(kind.timezone === undefined ? {} : { timezone: kind.timezone }),
    startTime: T0 + ms(start),
    ...(span === 0 || trigger === "once" ? {} : { endTime: T0 + ms(start + span) }),
    ...(window === 0 ? {} : { catchupWindowMs: ms(window) }),
    ...(timeout === 0 ? {} : { timeoutMs: ms(timeout) }),
    delayMs: ms(delay),
    ...(notBefore === 0 ? {} : { notBefore: { afterMs: ms(notBefore) } }),
    ...(slots === 0 ? {} : { pool: [{ name: POOL.name, slots }] }),
    ...(rest.mode !== "incremental" ? { resnapshotBy: "replace" } : {}),
    ...(rest.mode === "full-then-incremental" && fullEvery > 0
      ? { fullEvery: { type: "period", every: Math.ceil(ms(fullEvery) / 1_000), unit: "second", anchor: T0 } }
      : {}),
    backoff: { initialMs: ms(0.5), maxMs: ms(1) },
    ...rest,
  };
}
