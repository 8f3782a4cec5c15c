import type { ScheduleInfo } from "@tidegate/core";
import { DolphinSchedulerEngine } from "@tidegate/engine-dolphinscheduler";
import { DolphinServer } from "@tidegate/test-servers";
import { measureBare } from "./dolphinscheduler/bare.js";
import { atMost, type Figure, percentile, rounded } from "./figure.js";
import { PROBE_PERIOD_S, PROBES, STEPS, type Step } from "./foreign/step.js";
import { measureTidegate, SECRET } from "./foreign/tidegate.js";

/** Goals with so many schedules, ms. */
const GOALS = {
  active: { 10: 10_000, 100: 60_000, 500: 240_000 },
  first: { 10: 10_000, 100: 10_000, 500: 10_000 },
  late: { 10: 3_000, 100: 3_000, 500: 3_000 },
} as const;

/** A real DolphinScheduler with Tidegate's schedules in it, and one with as many plain workflows. */
export async function dolphinscheduler(): Promise<Figure[]> {
  const tidegate = await onServer(({ url, token, tenantCode, secretFile }) => {
    const engineAt = (callbackUrl: string) =>
      new DolphinSchedulerEngine({
        url,
        token,
        tenantCode,
        secretFile,
        callback: { url: callbackUrl },
        // What a machine that is busy takes is to be measured, not refused.
        requestTimeoutMs: 60_000,
      });
    return measureTidegate({ engineType: "dolphinscheduler", engineAt, first: everyTenSeconds });
  });
  const bare = await onServer(measureBare);
  return STEPS.flatMap((count, index) => figuresOf(count, tidegate[index]!, bare[index]!));
}

/** DolphinScheduler makes up for nothing, so the first callback is that of the next time. */
function everyTenSeconds(count: number): ScheduleInfo {
  const startTime = Math.floor(Date.now() / 10_000) * 10_000;
  return { groupId: `first-${count}`, trigger: { type: "period", every: 10, unit: "second" }, startTime };
}

async function onServer(measure: (server: DolphinServer) => Promise<Step[]>): Promise<Step[]> {
  const server = await DolphinServer.start({ secret: SECRET });
  try {
    return await measure(server);
  } finally {
    await server.dispose();
  }
}

function figuresOf(count: (typeof STEPS)[number], tidegate: Step, bare: Step): Figure[] {
  const added = count - (STEPS[STEPS.indexOf(count) - 1] ?? 0);
  const late = (step: Step, share: number) => rounded(percentile(step.lateness, share));
  const figure = (id: string, what: string, value: number, reference: string, of: number) => ({
    id: `dolphin-${id}-${count}`,
    what: `DolphinScheduler, ${what}`,
    value: rounded(value),
    unit: "ms",
    reference: { what: reference, value: rounded(of) },
  });
  return [
    atMost(
      GOALS.active[count],
      figure(
        "active",
        `${added} of ${count} schedules registered at once: active`,
        tidegate.activeMs,
        "as many plain workflows made and put online (ms)",
        bare.activeMs,
      ),
    ),
    atMost(
      GOALS.first[count],
      figure(
        "first",
        `one more of 10 s registered beside ${count}: its first callback`,
        tidegate.firstMs,
        "a plain one of 10 s (ms)",
        bare.firstMs,
      ),
    ),
    atMost(
      GOALS.late[count],
      figure(
        "lateness",
        `${PROBES} of ${count} schedules every ${PROBE_PERIOD_S} s: lateness p50 (most ${late(tidegate, 1)} ms)`,
        percentile(tidegate.lateness, 0.5),
        `plain HTTP tasks that post unsigned, p50; most ${late(bare, 1)} (ms)`,
        percentile(bare.lateness, 0.5),
      ),
    ),
  ];
}
