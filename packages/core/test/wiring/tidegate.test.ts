import { describe, expect, it } from "@jest/globals";
import { MemoryStore } from "../../src/store/memory-store.js";
import { createTidegate } from "../../src/wiring/tidegate.js";
import { ManualEngine } from "../support/manual-engine.js";
import { ScriptedOperator } from "../support/scripted-operator.js";

const parts = () => ({
  store: new MemoryStore(),
  engines: [new ManualEngine()],
  operators: [new ScriptedOperator()],
});

describe("createTidegate", () => {
  it.each([
    ["engines", { engines: [] }],
    ["operators", { operators: [] }],
    ["engines", { engines: [new ManualEngine(), new ManualEngine({ engineType: "MANUAL" })] }],
    ["operators", { operators: [new ScriptedOperator(), new ScriptedOperator()] }],
  ])("refuses %s that are missing or named alike", (field, wrong) => {
    const code = "CONFIGURATION_INVALID";
    expect(() => createTidegate({ ...parts(), ...wrong })).toThrow(expect.objectContaining({ code, field }));
  });
});

describe("a Tidegate", () => {
  it("may be started and stopped twice", async () => {
    const tidegate = createTidegate(parts());
    await Promise.all([tidegate.start(), tidegate.start()]);
    await tidegate.start();
    expect((await tidegate.client.list()).items).toEqual([]);
    await Promise.all([tidegate.stop(), tidegate.stop()]);
    await tidegate.stop();
    await expect(tidegate.client.list()).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });

  it("that is stopped while it starts is stopped in the end", async () => {
    const tidegate = createTidegate(parts());
    const starting = tidegate.start();
    await tidegate.stop();
    await starting;
    await expect(tidegate.client.list()).rejects.toMatchObject({ code: "STORE_CLOSED" });
  });

  it("that cannot start an operator closes what it had opened, and may be started again", async () => {
    const operator = new ScriptedOperator();
    const isReachable = [false, true];
    Object.assign(operator, {
      start: async () => {
        if (isReachable.shift() === false) throw new Error("unreachable");
      },
    });
    const tidegate = createTidegate({ ...parts(), operators: [operator] });
    await expect(tidegate.start()).rejects.toThrow("unreachable");
    await expect(tidegate.client.list()).rejects.toMatchObject({ code: "STORE_CLOSED" });
    await tidegate.start();
    expect((await tidegate.client.list()).items).toEqual([]);
    await tidegate.stop();
  });
});
