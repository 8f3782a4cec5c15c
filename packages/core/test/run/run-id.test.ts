import { describe, expect, it } from "@jest/globals";
import { runId } from "../../src/run/run-id.js";
import { HOUR, T0 } from "../support/instants.js";

const identity = {
  namespace: "default",
  groupId: "orders",
  incarnation: "",
  lower: T0,
  upper: T0 + HOUR,
  generation: 0,
};

describe("a run's identity", () => {
  it("is the same on every host and in every release", () => {
    expect(runId(identity)).toBe(runId({ ...identity }));
    expect(runId(identity)).toBe("019b771196806fc0cab27b764ced4847");
  });

  it("is 32 hex digits that begin with the upper bound, so that ids of one time lie together", () => {
    const id = runId(identity);
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(Number.parseInt(id.slice(0, 12), 16)).toBe(identity.upper);
  });

  it.each([
    ["namespace", { namespace: "other" }],
    ["group", { groupId: "orders2" }],
    ["lower bound", { lower: T0 + 1 }],
    ["upper bound", { upper: T0 + HOUR + 1 }],
    ["generation", { generation: 1 }],
    ["ledger that a group had before a purge", { incarnation: "0123456789abcdef" }],
  ])("differs by the %s", (_, change) => {
    expect(runId({ ...identity, ...change })).not.toBe(runId(identity));
  });

  it("does not confuse where one part ends and the next begins", () => {
    const one = runId({ ...identity, namespace: "a", groupId: "bc" });
    expect(runId({ ...identity, namespace: "ab", groupId: "c" })).not.toBe(one);
  });

  it("is still one for data before 1970", () => {
    const id = runId({ ...identity, lower: -2 * HOUR, upper: -HOUR });
    expect(id).toMatch(/^0{12}[0-9a-f]{20}$/);
    expect(runId({ ...identity, lower: -3 * HOUR, upper: -HOUR })).not.toBe(id);
  });
});
