import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { Pool } from "../../src/pool/pool.js";
import {
  PoolChoice,
  type PoolLine,
  PoolRooms,
  type PoolState,
  type PoolsView,
} from "../../src/pool/pool-choice.js";
import { NEW_RECORD } from "../../src/pool/pool-ledger.js";
import { isBacklog, needsOf, needsPool } from "../../src/pool/pooling.js";

const NOW = 1_000_000;
const SCOPE = { operators: ["duckdb"], now: NOW };

function aState(overrides: Partial<Pool> = {}, record = NEW_RECORD): PoolState {
  const pool = {
    name: "a",
    slots: 4,
    perSecond: null,
    backfillShare: 0.5,
    reserveAfterMs: 1_000,
    ...overrides,
  };
  return { pool, version: 7, record };
}

/** A line with this many runs that have been ready for so long. */
function aLine(
  id: string,
  overrides: Partial<PoolLine> & { count?: number; waitedMs?: number } = {},
): PoolLine {
  const { count = 1, waitedMs = 0, ...line } = overrides;
  const heads = Array.from({ length: count }, (_, no) => ({
    id: `${id}-${no}`,
    kind: "SCHEDULED" as const,
    readyAt: NOW - waitedMs,
    fairnessWeight: 1,
  }));
  return {
    needs: '{"a":1}',
    queue: "live",
    priority: 3,
    operator: "duckdb",
    fairnessKey: id,
    heads,
    ...line,
  };
}

function take(view: Partial<PoolsView>, limit = 100): string[] {
  const whole = { pools: [aState()], active: [], lines: [], ...view };
  return new PoolChoice(whole, SCOPE).take(limit).map(({ id }) => id);
}

describe("a choice among the runs of pools", () => {
  it("reports the pools that it draws from, as it saw them, and no other", () => {
    const pools = [aState(), aState({ name: "b" })];
    const choice = new PoolChoice({ pools, active: [], lines: [aLine("x")] }, SCOPE);
    expect(choice.draws).toEqual([]);
    choice.take(1);
    expect(choice.draws).toMatchObject([{ name: "a", version: 7, record: { streak: 1 } }]);
  });

  it("forgets keys that are not ahead of the others, so that a record stays small", () => {
    const lines = ["x", "y", "z"].map((key) => aLine(key, { count: 5 }));
    const choice = new PoolChoice({ pools: [aState({ slots: 9 })], active: [], lines }, SCOPE);
    choice.take(6);
    const record = choice.draws[0]!.record;
    expect(record.lines["live 3"]).toEqual({ time: 1, keys: { x: 2, y: 2, z: 2 } });
    const idle = { ...record, lines: { "live 3": { time: 5, keys: { x: 2, y: 2, z: 2 } } } };
    const next = new PoolChoice({ pools: [aState({}, idle)], active: [], lines: [aLine("w")] }, SCOPE);
    next.take(1);
    expect(next.draws[0]!.record.lines["live 3"]).toEqual({ time: 5, keys: { w: 6 } });
  });

  it("keeps slots of all pools that a run needs once it has waited, and none of others", () => {
    const pools = [aState({ slots: 2 }), aState({ name: "b", slots: 2 }), aState({ name: "c" })];
    const active = [{ needs: '{"b":1}', isBacklog: false, runs: 1 }];
    const both = aLine("both", { needs: '{"a":1,"b":2}', waitedMs: 1_000 });
    const narrow = [
      aLine("a", { count: 5 }),
      aLine("b", { needs: '{"b":1}' }),
      aLine("c", { needs: '{"c":1}' }),
    ];
    expect(take({ pools, active, lines: [both, ...narrow] })).toEqual(["a-0", "c-0"]);
    const young = aLine("both", { needs: '{"a":1,"b":2}', waitedMs: 999 });
    expect(take({ pools, active, lines: [young, ...narrow] })).toEqual(["a-0", "b-0", "c-0", "a-1"]);
  });

  it("keeps nothing for a run that another manager has to carry out", () => {
    const wide = aLine("wide", { needs: '{"a":4}', operator: "flink", waitedMs: 9_000 });
    const active = [{ needs: '{"a":1}', isBacklog: false, runs: 1 }];
    expect(take({ active, lines: [wide, aLine("x")] })).toEqual(["x-0"]);
  });

  it("leaves a backlog its share although the run on time is one that another manager has to carry out", () => {
    const lines = [aLine("late", { queue: "rest", count: 9 }), aLine("fresh", { operator: "flink" })];
    expect(take({ lines })).toHaveLength(2);
  });

  it("says when a run may be taken: at its retry, or when the rate allows it", () => {
    const retry = { ...aLine("r", { queue: "retry", waitedMs: -400 }) };
    const waiting = new PoolChoice({ pools: [aState()], active: [], lines: [retry] }, SCOPE);
    expect(waiting.take(1)).toEqual([]);
    expect(waiting.wakeAt).toBe(NOW + 400);
    const record = { ...NEW_RECORD, tokens: 0.5, filledAt: NOW };
    const slow = new PoolChoice(
      { pools: [aState({ perSecond: 2 }, record)], active: [], lines: [aLine("x")] },
      SCOPE,
    );
    expect(slow.take(1)).toEqual([]);
    expect(slow.wakeAt).toBe(NOW + 250);
  });

  it("never takes more than there is, and leaves nothing that fits unless something is kept or shared", () => {
    const needs = fc.constantFrom('{"a":1}', '{"a":2}', '{"b":1}', '{"a":1,"b":1}', '{"b":3}', "{}");
    const lines = fc.array(
      fc.record({
        needs,
        queue: fc.constantFrom("live" as const, "rest" as const, "retry" as const),
        priority: fc.integer({ min: 1, max: 5 }),
        count: fc.integer({ min: 1, max: 4 }),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(
        lines,
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 5 }),
        (given, slots, used) => {
          const pools = [aState({ slots }), aState({ name: "b", slots: 3 })];
          const active = [{ needs: '{"a":1}', isBacklog: true, runs: used }];
          const rooms = new PoolRooms(pools, active);
          const all = given.map((line, no) => aLine(`line-${no}`, line));
          const seen = all.map((line) => ({
            ...line,
            heads: line.heads.slice(0, rooms.mostOf(line.needs, 100)),
          }));
          const choice = new PoolChoice({ pools, active, lines: seen }, SCOPE);
          const free = new Map([
            ["a", slots - used],
            ["b", 3],
          ]);
          const taken = choice.take(100);
          expect(new Set(taken.map(({ id }) => id)).size).toBe(taken.length);
          const sizeOf = ({ name, slots: size }: { name: string; slots: number }): number =>
            Math.min(size, name === "a" ? slots : 3);
          for (const use of taken.flatMap((run) => needsOf(run.needs))) {
            free.set(use.name, free.get(use.name)! - sizeOf(use));
          }
          if (taken.some((run) => needsOf(run.needs).some(({ name }) => name === "a")))
            expect(free.get("a")).toBeGreaterThanOrEqual(0);
          expect(free.get("b")).toBeGreaterThanOrEqual(0);
          const left = all.filter(
            ({ heads }) => !heads.every(({ id }) => taken.some((run) => run.id === id)),
          );
          const isLate = ({ queue }: PoolLine): boolean => isBacklog({ kind: "SCHEDULED", queue });
          const sharesPool = (one: PoolLine, other: PoolLine): boolean =>
            needsOf(one.needs).some(({ name }) => needsPool(other.needs, name));
          // A backlog keeps to its share of a pool for as long as a run that is on time waits for that pool.
          const bound = left.filter(
            (line) => !isLate(line) || !left.some((other) => !isLate(other) && sharesPool(line, other)),
          );
          for (const line of bound)
            expect(
              needsOf(line.needs).every((use) => free.get(use.name)! >= sizeOf(use)) && line.needs !== "{}",
            ).toBe(false);
        },
      ),
    );
  });
});
