import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { FireQueue, type QueuedFire } from "../src/fire-queue.js";

const fire = (groupId: string, fireAt: number): QueuedFire => ({ groupId, fireAt, scheduledTime: fireAt });

describe("the queue of fires", () => {
  it("gives out what is due, earliest first, up to the limit", () => {
    const queue = new FireQueue();
    for (const at of [30, 10, 40, 20]) queue.add(fire(`at-${at}`, at));
    expect(queue.takeDue(30, 2).map(({ fireAt }) => fireAt)).toEqual([10, 20]);
    expect(queue.takeDue(30, 2).map(({ fireAt }) => fireAt)).toEqual([30]);
    expect(queue.takeDue(30, 2)).toEqual([]);
    expect(queue.nextFireAt()).toBe(40);
  });

  it("behaves as a map from group to its only fire", () => {
    const operation = fc.oneof(
      fc.record({ type: fc.constant("add"), group: fc.nat(5), at: fc.nat(20) }),
      fc.record({ type: fc.constant("remove"), group: fc.nat(5), at: fc.constant(0) }),
      fc.record({ type: fc.constant("take"), group: fc.constant(0), at: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(operation), (operations) => {
        const queue = new FireQueue();
        const model = new Map<string, number>();
        for (const { type, group, at } of operations) {
          if (type === "add") {
            queue.add(fire(`${group}`, at));
            model.set(`${group}`, at);
          } else if (type === "remove") {
            queue.remove(`${group}`);
            model.delete(`${group}`);
          } else {
            const due = [...model].filter(([, fireAt]) => fireAt <= at);
            const taken = queue.takeDue(at, 100).map(({ groupId, fireAt }) => [groupId, fireAt]);
            expect([...taken].sort()).toEqual([...due].sort());
            for (const [groupId] of due) model.delete(groupId);
          }
          expect(queue.size).toBe(model.size);
          const next = model.size === 0 ? undefined : Math.min(...model.values());
          expect(queue.nextFireAt()).toBe(next);
        }
      }),
    );
  });
});
