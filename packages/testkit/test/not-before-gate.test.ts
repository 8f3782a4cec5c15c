import { NotBeforeGate } from "@tidegate/core/gate";
import { gateSuite, MINUTE, START } from "../src/index.js";

gateSuite({
  name: "NotBeforeGate",
  create: async () => ({
    gate: new NotBeforeGate(),
    settings: { afterMs: 10 * MINUTE },
    now: START + 11 * MINUTE,
    open: {},
    closed: { interval: { lower: START + MINUTE, upper: START + 2 * MINUTE } },
  }),
});
