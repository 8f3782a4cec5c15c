import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { measure, overlapsOf, toSet } from "../../src/interval/interval-set.js";
import { effectOfReport, type StandingReport } from "../../src/run/source-report.js";

interface Ledger {
  standing: StandingReport[];
  /** Of all runs that there were: lower, upper and generation. */
  readonly names: Set<string>;
}

interface Told {
  readonly lower: number;
  readonly upper: number;
  readonly version: string | null;
}

const NOTE = { note: "" };

/** Applies a report to what stands, as a store does. */
function tell(ledger: Ledger, told: Told): readonly { lower: number; upper: number }[] {
  const touched = ledger.standing.filter((run) => run.lower < told.upper && run.upper > told.lower);
  const { supersedes, parts, changed } = effectOfReport(touched, { ...told, ...NOTE });
  const fresh = parts.map((part) => {
    const id = `${part.lower}-${part.upper}.${part.generation}`;
    expect(ledger.names.has(id)).toBe(false);
    ledger.names.add(id);
    return { id, ...part };
  });
  ledger.standing = [...ledger.standing.filter(({ id }) => !supersedes.includes(id)), ...fresh].sort(
    (a, b) => a.lower - b.lower,
  );
  return changed;
}

function after(...reports: readonly [number, number, string | null][]): string[] {
  const ledger: Ledger = { standing: [], names: new Set() };
  for (const [lower, upper, version] of reports) tell(ledger, { lower, upper, version });
  return ledger.standing.map(
    ({ lower, upper, generation, report }) => `${lower}-${upper} ${report?.version ?? "-"}.${generation}`,
  );
}

describe("a report of coverage", () => {
  it("covers its interval", () => {
    expect(after([0, 24, "v1"])).toEqual(["0-24 v1.0"]);
  });

  it("changes nothing when it is repeated, in whole or in part, with its version or with none", () => {
    expect(after([0, 24, "v1"], [0, 24, "v1"], [6, 12, "v1"], [0, 24, null])).toEqual(["0-24 v1.0"]);
  });

  it("adds what is missing, and leaves what is there", () => {
    expect(after([0, 6, "v1"], [12, 18, "v1"], [3, 24, "v1"])).toEqual([
      "0-6 v1.0",
      "6-12 v1.0",
      "12-18 v1.0",
      "18-24 v1.0",
    ]);
    expect(after([0, 6, "v1"], [0, 12, null])).toEqual(["0-6 v1.0", "6-12 -.0"]);
  });

  it("cuts a new version out of an old one, and the rest keeps its generation", () => {
    expect(after([0, 24, "v1"], [6, 12, "v2"])).toEqual(["0-6 v1.0", "6-12 v2.1", "12-24 v1.0"]);
    expect(after([0, 24, null], [12, 36, "v2"])).toEqual(["0-12 -.0", "12-24 v2.1", "24-36 v2.0"]);
  });

  it("is one generation more than each part that it replaces, even back to an earlier version", () => {
    expect(after([0, 24, "v1"], [6, 12, "v2"], [0, 24, "v3"])).toEqual([
      "0-6 v3.1",
      "6-12 v3.2",
      "12-24 v3.1",
    ]);
    expect(after([0, 1, "v1"], [0, 1, "v2"], [0, 1, "v1"])).toEqual(["0-1 v1.2"]);
  });

  it("joins what touches in one generation", () => {
    expect(after([0, 1, "v1"], [1, 2, "v1"], [0, 2, "v2"])).toEqual(["0-2 v2.1"]);
  });

  it("keeps a ledger that an account by the millisecond agrees with, whatever is reported", () => {
    const told = fc
      .tuple(fc.nat(30), fc.integer({ min: 1, max: 12 }), fc.constantFrom("a", "b", "c", null))
      .map(([lower, length, version]) => ({ lower, upper: lower + length, version }));
    fc.assert(
      fc.property(fc.array(told, { maxLength: 25 }), (reports) => {
        const ledger: Ledger = { standing: [], names: new Set() };
        const account = new Map<number, { version: string | null; generation: number }>();
        for (const report of reports) {
          const changed: number[] = [];
          for (let at = report.lower; at < report.upper; at += 1) {
            const before = account.get(at);
            if (before !== undefined && (report.version === null || before.version === report.version))
              continue;
            account.set(at, {
              version: report.version,
              generation: before === undefined ? 0 : before.generation + 1,
            });
            changed.push(at);
          }
          expect(tell(ledger, report)).toEqual(toSet(changed.map((at) => ({ lower: at, upper: at + 1 }))));
          expect(overlapsOf(ledger.standing)).toEqual([]);
          expect(measure(toSet(ledger.standing))).toBe(account.size);
          for (const { lower, upper, generation, report: kept } of ledger.standing)
            for (let at = lower; at < upper; at += 1)
              expect(account.get(at)).toEqual({ version: kept!.version, generation });
        }
      }),
      { numRuns: 300 },
    );
  });
});
