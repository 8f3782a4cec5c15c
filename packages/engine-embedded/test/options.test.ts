import { describe, expect, it } from "@jest/globals";
import { type EmbeddedEngineOptions, embeddedEngine } from "../src/index.js";

describe("the options of the embedded engine", () => {
  it.each([
    ["no number", { horizonMs: Number.NaN }, "horizonMs"],
    ["no room", { maxQueued: 0 }, "maxQueued"],
    ["half a fire", { batchSize: 0.5 }, "batchSize"],
    ["a name that does not exist", { horizon: 1 }, ""],
    ["no options", null, ""],
  ])("are refused with %s", (_, options, field) => {
    expect(() => embeddedEngine(options as unknown as EmbeddedEngineOptions)).toThrow(
      expect.objectContaining({ code: "CONFIGURATION_INVALID", field }),
    );
  });
});
