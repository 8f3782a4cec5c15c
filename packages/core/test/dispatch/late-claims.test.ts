import { beforeEach, describe, expect, it } from "@jest/globals";
import type { ClaimedRun } from "../../src/store/run-queue.js";
import { Fleet, type Manager } from "../support/fleet.js";
import { T0 } from "../support/instants.js";

const LEASE_MS = 6_000;

const dispatcher = { leaseMs: LEASE_MS, pollMs: 500 };

describe("a manager whose claim is answered late", () => {
  let fleet: Fleet;
  let slow: Manager;
  let other: Manager;
  let answerNow: () => void;

  /** The first run is claimed by the slow manager, which is not told yet. */
  beforeEach(async () => {
    fleet = new Fleet();
    fleet.operator.answer = () => "runs";
    slow = fleet.add(0, { owner: "slow", dispatcher });
    other = fleet.add(0, { owner: "other", dispatcher });
    const answered = new Promise<void>((resolve) => {
      answerNow = resolve;
    });
    const claim = fleet.store.claim.bind(fleet.store);
    fleet.store.claim = async (request): Promise<ClaimedRun[]> => {
      const claimed = await claim(request);
      if (request.owner === "slow" && claimed.length > 0) await answered;
      return claimed;
    };
    await fleet.start();
    await other.tidegate.client.register({
      groupId: "orders",
      trigger: { type: "period", every: 10, unit: "second" },
      startTime: T0,
    });
    await fleet.pass(10_000);
    await slow.engine.fire("orders", T0 + 10_000);
    await fleet.pass(500);
    expect((await theRun()).state).toBe("SUBMITTING");
  });

  const theRun = async () => (await fleet.store.listRuns({}, {})).items[0]!;

  const answer = async (): Promise<void> => {
    answerNow();
    await fleet.pass(1_000);
  };

  it("submits no job for a run that was cancelled by another one when its lease was over", async () => {
    await other.tidegate.client.cancelRun((await theRun()).id);
    await fleet.pass(2 * LEASE_MS);
    expect((await theRun()).state).toBe("CANCELLED");
    await answer();
    expect(fleet.operator.submissions).toEqual([]);
  });

  it("leaves a run to another one that has taken it over", async () => {
    await fleet.pass(LEASE_MS + 1_000);
    expect(fleet.operator.submissions).toHaveLength(1);
    await answer();
    expect(fleet.operator.submissions).toHaveLength(1);
  });

  it("leaves a run to another one that has taken it over while its machine was suspended", async () => {
    slow.isAlive = false;
    await fleet.pass(LEASE_MS + 1_000);
    expect(fleet.operator.submissions).toHaveLength(1);
    slow.clock.set(fleet.clock.now());
    slow.isAlive = true;
    await answer();
    await fleet.pass(2 * LEASE_MS);
    expect(fleet.operator.submissions).toHaveLength(1);
    expect(fleet.operator.doubles).toEqual([]);
  });

  it("submits once its clock is certain again if nobody has taken the run over meanwhile", async () => {
    other.isAlive = false;
    slow.isAlive = false;
    await fleet.pass(2 * LEASE_MS);
    slow.clock.set(fleet.clock.now());
    slow.isAlive = true;
    await answer();
    await fleet.pass(LEASE_MS);
    expect(fleet.operator.submissions).toHaveLength(1);
  });

  it("renews the lease before it submits if less than half of it is left", async () => {
    await fleet.pass(LEASE_MS - 1_500);
    const before = (await theRun()).leaseUntil!;
    await answer();
    expect(fleet.operator.submissions).toHaveLength(1);
    expect((await theRun()).leaseUntil!).toBeGreaterThan(before);
    expect(fleet.operator.lookups).toEqual([]);
  });

  it("submits nothing as long as the store does not renew the lease", async () => {
    const renew = fleet.store.renewLeases.bind(fleet.store);
    fleet.store.renewLeases = () => Promise.reject(new Error("away"));
    await fleet.pass(LEASE_MS - 2_500);
    await answer();
    expect(fleet.operator.submissions).toEqual([]);
    fleet.store.renewLeases = renew;
    await fleet.pass(3 * LEASE_MS);
    expect(fleet.operator.submissions).toHaveLength(1);
    expect(fleet.operator.doubles).toEqual([]);
  });
});
