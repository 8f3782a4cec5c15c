import { engineSuite } from "@tidegate/testkit";
import { CronerEngine } from "../src/index.js";

engineSuite({
  name: "croner",
  clock: "real",
  atOnce: 16,
  supports: { definitions: true, tampering: true },
  create: async () => {
    const engine = new CronerEngine();
    return {
      engine,
      forget: (groupId) => engine.handleUnregister([groupId]),
      inject: (schedule) => engine.handleRegister([schedule]),
      dispose: async () => {},
    };
  },
});
