import { describe, expect, it } from "@jest/globals";
import { VirtualClock } from "../../src/clock/virtual-clock.js";
import { createEmitter } from "../../src/events/events.js";
import { RunWaits } from "../../src/intake/run-waits.js";
import type { Run, RunState } from "../../src/run/run.js";

const { signal } = new AbortController();

/** Waits for one run whose state the test sets, on a clock that stands still. */
function aWait() {
  const events = createEmitter();
  const clock = new VirtualClock();
  let state: RunState = "RUNNING";
  let looks = 0;
  const run = (): Run => ({ id: "r", state }) as Run;
  const getRuns = async () => {
    looks += 1;
    return [run()];
  };
  const waits = new RunWaits({ store: { getRuns }, emitter: events, clock });
  const become = (next: RunState, isTold = true): void => {
    const from = state;
    state = next;
    if (isTold) events.emit("run-state", { run: run(), from });
  };
  return { waits, events, clock, become, looks: () => looks };
}

const aTurn = () => new Promise((resolve) => setImmediate(resolve));

describe("who waits for a run", () => {
  it("is woken by its end, without any time passing", async () => {
    const { waits, become, looks } = aWait();
    const waiting = [waits.wait("r", 30_000, signal), waits.wait("r", 30_000, signal)];
    await aTurn();
    become("SUCCEEDED");
    expect((await Promise.all(waiting)).map(({ state }) => state)).toEqual(["SUCCEEDED", "SUCCEEDED"]);
    expect(looks()).toBe(4);
  });

  it("does not miss an end that comes while it looks", async () => {
    const { waits, become } = aWait();
    const waiting = waits.wait("r", 30_000, signal);
    become("FAILED");
    expect((await waiting).state).toBe("FAILED");
  });

  it("goes on waiting through changes that are no end", async () => {
    const { waits, become, clock } = aWait();
    const waiting = waits.wait("r", 5_000, signal);
    await aTurn();
    become("PLANNED");
    await aTurn();
    become("RUNNING");
    for (let second = 0; second < 5; second += 1) {
      await aTurn();
      await clock.advance(1_000);
    }
    expect((await waiting).state).toBe("RUNNING");
  });

  it("finds an end that nobody told of, by looking each second", async () => {
    const { waits, become, clock } = aWait();
    const waiting = waits.wait("r", 30_000, signal);
    await aTurn();
    become("CANCELLED", false);
    await clock.advance(1_000);
    expect((await waiting).state).toBe("CANCELLED");
  });

  it("is let go when it has gone itself, and the last one leaves neither listener nor timer", async () => {
    const { waits, events, clock } = aWait();
    const gone = [new AbortController(), new AbortController()];
    const waiting = gone.map(({ signal }) => waits.wait("r", 30_000, signal));
    await aTurn();
    gone[0]!.abort();
    expect((await waiting[0]!).state).toBe("RUNNING");
    expect(events.listenerCount("run-state")).toBe(1);
    gone[1]!.abort();
    expect((await waiting[1]!).state).toBe("RUNNING");
    expect(events.listenerCount("run-state")).toBe(0);
    expect(clock.pendingTimers).toBe(0);
    expect((await waits.wait("r", 30_000, gone[0]!.signal)).state).toBe("RUNNING");
  });
});
