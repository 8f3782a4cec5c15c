import { engineSuite } from "@tidegate/testkit";
import { CronerTimers } from "../src/croner-timers.js";
import { cronerEngine } from "../src/index.js";

engineSuite({
  name: "croner",
  clock: "real",
  atOnce: 10,
  supports: { definitions: true, tampering: true },
  create: async () => {
    const timers = new CronerTimers();
    return {
      engine: cronerEngine(timers),
      forget: (groupId) => timers.handleUnregister([groupId]),
      inject: (schedule) => timers.handleRegister([schedule]),
      dispose: async () => {},
    };
  },
});
