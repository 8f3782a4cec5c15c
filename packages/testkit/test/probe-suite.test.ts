import type { ReadinessProbe } from "@tidegate/core/probe";
import { MINUTE, probeSuite, START } from "../src/index.js";

const watermark: ReadinessProbe = {
  probeType: "watermark",
  validate: ({ through }) => {
    if (typeof through !== "number") throw Object.assign(new Error("must be a number"), { field: "through" });
  },
  check: async ({ interval, spec }) => {
    if (spec.isDown === true) throw new Error("the source is down");
    const readyThrough = Number(spec.through);
    return { isReady: interval.upper <= readyThrough, detail: "it is behind", readyThrough };
  },
};

probeSuite({
  name: "a probe with a watermark",
  create: async () => ({
    probe: watermark,
    spec: { through: START + MINUTE },
    refused: [["through", {}]],
    ready: {},
    notReady: { interval: { lower: START + MINUTE, upper: START + 2 * MINUTE } },
    broken: { spec: { isDown: true } },
  }),
});
