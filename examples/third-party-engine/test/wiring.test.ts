import { describe, it } from "@jest/globals";
import { createTidegate } from "@tidegate/core";
import { MemoryStore } from "@tidegate/core/testing";
import { countingOperator, until } from "@tidegate/testkit";
import { cronerEngine } from "../src/index.js";

describe("the engine's module", () => {
  it("is all that a Tidegate needs to fire by it", async () => {
    const operator = countingOperator();
    const tidegate = createTidegate({
      store: new MemoryStore(),
      engines: [cronerEngine()],
      operators: [operator],
    });
    await tidegate.start();
    await tidegate.client.register({
      groupId: "seconds",
      trigger: { type: "period", every: 1, unit: "second" },
      engine: "croner",
    });
    await until(() => operator.countOf("seconds") >= 2, { what: "two runs" });
    await tidegate.stop();
  });
});
