import { SystemClock } from "@tidegate/core/clock";
import { ProbeCaller, ReadinessGate } from "@tidegate/core/probe";
import { gateSuite, MINUTE, START } from "../src/index.js";

gateSuite({
  name: "ReadinessGate",
  create: async () => ({
    gate: new ReadinessGate({
      caller: new ProbeCaller({ clock: new SystemClock() }),
      onBroken: () => {},
      probe: {
        probeType: "clock",
        check: async ({ interval, spec }) => ({
          isReady: interval.upper <= Number(spec.until),
          detail: "it is too early",
        }),
      },
    }),
    settings: [{ until: START + MINUTE }, { until: START + 90_000 }],
    open: {},
    closed: { interval: { lower: START + MINUTE, upper: START + 2 * MINUTE } },
  }),
});
